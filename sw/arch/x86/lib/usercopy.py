"""Access to user memory that obeys the page tables of the current task.

Ref: Linux 6.12, arch/x86/include/asm/uaccess.h, uaccess_64.h, arch/x86/lib/usercopy_64.c,
arch/x86/lib/copy_user_64.S, getuser.S, putuser.S; lib/usercopy.c.

Kernel buffers are linear addresses, as user buffers are. STAC opens user memory to the kernel,
CLAC closes it; a fault that cannot be resolved goes to the landing pad between them.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.smap import clac, stac
from sw.arch.x86.mm.extable import ex_table
from sw.errno import Errno, KernelError
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu
from sw.processor.exceptions import Fixup
from sw.processor.strings import rep_movs, rep_stos


__all__ = [
    "access_ok", "clear_user", "copy_from_user", "copy_to_user", "get_user", "put_user",
    "raw_copy_from_user",
]


def access_ok(cpu: Cpu, addr: int, size: int) -> bool:
    """Tell whether ``size`` bytes at ``addr`` are in the user's part of the address space."""
    return addr <= kconfig(cpu).paging.TASK_SIZE - size


async def copy_user_generic(cpu: Cpu, to: int, from_: int, n: int) -> int:
    """Copy between user and kernel memory. Returns the number of bytes not copied."""
    left = 0
    await stac(cpu)
    try:
        with ex_table(cpu):
            await rep_movs(cpu, to, from_, n)
    except Fixup as fixup:
        left = fixup.rcx
    await clac(cpu)
    return left


@traced
async def copy_to_user(cpu: Cpu, to: int, from_: int, n: int) -> int:
    """Copy ``n`` bytes from kernel address ``from_`` to user address ``to``.

    Returns
    -------
    :class:`int`
        Number of bytes *not* copied; 0 is success.
    """
    if not access_ok(cpu, to, n):
        return n
    return await copy_user_generic(cpu, to, from_, n)


async def raw_copy_from_user(cpu: Cpu, to: int, from_: int, n: int) -> int:
    """Copy ``n`` bytes from user address ``from_``, which the caller has checked, to ``to``.

    Bytes that could not be read stay as they were: for memory that others see, such as a file's.

    Returns
    -------
    :class:`int`
        Number of bytes *not* copied; 0 is success.
    """
    return await copy_user_generic(cpu, to, from_, n)


@traced
async def copy_from_user(cpu: Cpu, to: int, from_: int, n: int) -> int:
    """Copy ``n`` bytes from user address ``from_`` to the kernel's own buffer at ``to``.

    Bytes that could not be read are zero in the buffer, so that nothing old leaks from it.

    Returns
    -------
    :class:`int`
        Number of bytes *not* copied; 0 is success.
    """
    left = n
    if access_ok(cpu, from_, n):
        left = await raw_copy_from_user(cpu, to, from_, n)
    if left:
        await rep_stos(cpu, to + n - left, 0, left)
    return left


@traced
async def clear_user(cpu: Cpu, to: int, n: int) -> int:
    """Fill ``n`` bytes at user address ``to`` with zeros. Returns the number not filled."""
    if not access_ok(cpu, to, n):
        return n
    left = 0
    await stac(cpu)
    try:
        with ex_table(cpu):
            await rep_stos(cpu, to, 0, n)
    except Fixup as fixup:
        left = fixup.rcx
    await clac(cpu)
    return left


@traced
async def get_user(cpu: Cpu, ptr: int, size: int) -> int:
    """Read a number of 1, 2, 4 or 8 bytes at user address ``ptr``. Raises EFAULT."""
    if not access_ok(cpu, ptr, size):
        raise KernelError(Errno.EFAULT)
    await stac(cpu)
    try:
        with ex_table(cpu):
            value = await cpu.load(ptr, size)
    except Fixup:
        await clac(cpu)
        raise KernelError(Errno.EFAULT) from None
    await clac(cpu)
    return value


@traced
async def put_user(cpu: Cpu, value: int, ptr: int, size: int) -> None:
    """Write a number of 1, 2, 4 or 8 bytes at user address ``ptr``. Raises EFAULT."""
    if not access_ok(cpu, ptr, size):
        raise KernelError(Errno.EFAULT)
    await stac(cpu)
    try:
        with ex_table(cpu):
            await cpu.store(ptr, size, value)
    except Fixup:
        await clac(cpu)
        raise KernelError(Errno.EFAULT) from None
    await clac(cpu)
