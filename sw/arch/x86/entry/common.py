"""System calls, by number.

Ref: Linux 6.12, arch/x86/entry/common.c.
"""

from __future__ import annotations

from sw.errno import Errno, KernelError
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .syscalls.syscall_64 import sys_call_table


__all__ = ["do_syscall"]


@traced
async def do_syscall(cpu: Cpu, nr: int, *args: int | str) -> int:
    """Call the kernel function with number ``nr``, of 32 bits.

    Returns its result, or minus the error. Raises :class:`TypeError` if ``nr`` is no number.
    """
    if not isinstance(nr, int):
        raise TypeError(f"the number of a system call is a number, not {nr!r}")
    try:
        function = sys_call_table.get(nr & 0xFFFF_FFFF)
        if function is None:
            raise KernelError(Errno.ENOSYS)
        return await function(cpu, *args)
    except KernelError as error:
        return -error.errno
