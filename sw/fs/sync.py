"""fsync(): what is in memory to a disk.

Ref: Linux 6.12, fs/sync.c.
"""

from sw.errno import Errno, KernelError
from sw.include.linux.fs import file
from sw.processor.cpu import Cpu

from .file import fdget


__all__ = ["sys_fdatasync", "sys_fsync", "vfs_fsync"]


def vfs_fsync(cpu: Cpu, filp: file) -> None:
    """Write an open file to its disk. Raises EINVAL for one that could have none."""
    if filp.f_op.fsync is None:
        raise KernelError(Errno.EINVAL)
    filp.f_op.fsync(cpu, filp)


async def sys_fsync(cpu: Cpu, fd: int) -> int:
    """Write a file to its disk. Raises EINVAL for one that could have none; EBADF."""
    async with fdget(cpu, fd) as filp:
        vfs_fsync(cpu, filp)
    return 0


async def sys_fdatasync(cpu: Cpu, fd: int) -> int:
    """Write the contents of a file to its disk. Fails like fsync()."""
    return await sys_fsync(cpu, fd)
