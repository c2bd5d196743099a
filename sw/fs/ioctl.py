"""ioctl(): what only one kind of file can do.

Ref: Linux 6.12, fs/ioctl.c. The commands that all files have are ENOSYS.
"""

from sw.errno import Errno, KernelError
from sw.processor.cpu import Cpu

from .file import fdget


__all__ = ["sys_ioctl"]


#: FIONCLEX, FIOCLEX, FIONBIO, FIOASYNC, FIOQSIZE, FIFREEZE, FITHAW, FIGETBSZ, FIONREAD.
_OF_ALL = frozenset((0x5450, 0x5451, 0x5421, 0x5452, 0x5460, 0xC004_5877, 0xC004_5878, 2, 0x541B))


async def sys_ioctl(cpu: Cpu, fd: int, cmd: int, arg: int) -> int:
    """Have a file follow a command. Raises EBADF, ENOTTY for a command that it does not know."""
    async with fdget(cpu, fd) as filp:
        if cmd in _OF_ALL:
            raise KernelError(Errno.ENOSYS)
        if filp.f_op.unlocked_ioctl is None:
            raise KernelError(Errno.ENOTTY)
        return await filp.f_op.unlocked_ioctl(cpu, filp, cmd, arg)
