"""From registers to the arguments of a system call: each is cut to its type in C.

Ref: Linux 6.12, include/linux/syscalls.h (SYSCALL_DEFINEx); System V ABI, AMD64 supplement,
section A.2.1; i386 supplement, table 2.1.

A register has the bits of an address. A number that has more loses them, and a negative one is what
its low bits say, unsigned or signed by the type: there is no wrong number. What is not a number is
a mistake of the program's author.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.errno import Errno, KernelError
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu

from .fs import loff_t


__all__ = [
    "SYSCALL_DEFINE", "filename", "int_", "long", "position", "size_t", "umode_t", "unsigned_int",
    "unsigned_long",
]


#: ``type(paging, value)`` returns the argument.
C_type = Callable[[Paging, Any], Any]


def _signed(value: int, bits: int) -> int:
    return (value + (1 << bits - 1) & (1 << bits) - 1) - (1 << bits - 1)


def int_(paging: Paging, value: int) -> int:
    """Signed, 32 bits; also ``pid_t``."""
    return _signed(value, 32)


def unsigned_int(paging: Paging, value: int) -> int:
    """Unsigned, 32 bits."""
    return value & (1 << 32) - 1


def umode_t(paging: Paging, value: int) -> int:
    """Unsigned, 16 bits."""
    return value & (1 << 16) - 1


def long(paging: Paging, value: int) -> int:
    """Signed, as wide as a register."""
    return _signed(value, paging.BITS_PER_LONG)


def unsigned_long(paging: Paging, value: int) -> int:
    """Unsigned, as wide as a register; also a pointer."""
    return value & paging.address_mask


size_t = unsigned_long


def position(paging: Paging, value: int) -> int:
    """``loff_t``: signed, 64 bits. A 32-bit program hands it over in two registers."""
    return loff_t(value)


def filename(paging: Paging, value: str | int) -> str:
    """A path. A number would be a pointer, and there are no paths in memory: EFAULT."""
    if isinstance(value, int):
        raise KernelError(Errno.EFAULT)
    return value


def _argument(call: str, index: int, c_type: C_type, paging: Paging, value: Any) -> Any:
    """Return argument ``index`` of ``call``, counted from 1. Raises :class:`TypeError`."""
    what, expected = ("path", (str, int)) if c_type is filename else ("number", int)
    if not isinstance(value, expected):
        raise TypeError(f"argument {index} of {call}() is a {what}, not {value!r}")
    return c_type(paging, value)


def SYSCALL_DEFINE(call: str, function: Callable[..., Awaitable[int]],
                   *types: C_type) -> Callable[..., Awaitable[int]]:
    """Return the entry of the system call named ``call`` (``__se_sys_*``).

    It is called with the registers, and calls ``function`` with what they hold. Raises
    :class:`TypeError` if there are too few or too many, and for what is no number and no path.
    """
    @wraps(function)  # so that a report of a call has the names of its arguments
    async def __se_sys(cpu: Cpu, *registers: int | str) -> int:
        if len(registers) != len(types):
            raise TypeError(f"{call}() has {len(types)} arguments, not {len(registers)}")
        paging = kconfig(cpu).paging
        return await function(cpu, *(
            _argument(call, index, c_type, paging, value)
            for index, (c_type, value) in enumerate(zip(types, registers, strict=True), 1)))

    return __se_sys
