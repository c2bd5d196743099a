"""prctl(): switches of a process.

Ref: Linux 6.12, kernel/sys.c.
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import SUID_DUMP_DISABLE, SUID_DUMP_USER
from sw.include.linux.prctl import (
    PR_GET_DUMPABLE, PR_LAST, PR_SET_DUMPABLE, PR_SET_PTRACER,
)
from sw.processor.cpu import Cpu
from sw.security.yama.yama_lsm import yama_set_ptracer


__all__ = ["sys_prctl"]


async def sys_prctl(cpu: Cpu, option: int, arg2: int, arg3: int, arg4: int, arg5: int) -> int:
    """Read or set a switch. Raises EINVAL for an option or a value that there is not; ENOSYS for
    options that are not modelled."""
    if option == PR_GET_DUMPABLE:
        return current_mm(cpu).dumpable
    if option == PR_SET_DUMPABLE:
        if arg2 not in (SUID_DUMP_DISABLE, SUID_DUMP_USER):
            raise KernelError(Errno.EINVAL)
        current_mm(cpu).dumpable = arg2
        return 0
    if option == PR_SET_PTRACER:
        yama_set_ptracer(cpu, arg2)
        return 0
    raise KernelError(Errno.ENOSYS if 0 < option <= PR_LAST else Errno.EINVAL)
