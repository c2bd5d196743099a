"""fallocate(): pages made for a file, or taken from it.

Ref: Linux 6.12, fs/open.c (vfs_fallocate), include/uapi/linux/falloc.h.
"""

from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.include.linux.fs import FMODE_WRITE, S_IFIFO, S_IFMT, S_IFREG, file
from sw.processor.cpu import Cpu


__all__ = [
    "FALLOC_FL_KEEP_SIZE", "FALLOC_FL_PUNCH_HOLE", "sys_fallocate", "vfs_fallocate",
]


FALLOC_FL_KEEP_SIZE  = 1
FALLOC_FL_PUNCH_HOLE = 2

#: Also ranges collapsed, zeroed, inserted, unshared, written: for file systems with disks.
FALLOC_FL_SUPPORTED_MASK = 0xFB

_PUNCH = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE


async def vfs_fallocate(cpu: Cpu, filp: file, mode: int, offset: int, length: int) -> None:
    """Check a call, and have the file do it.

    Raises EINVAL for a range that cannot be, EOPNOTSUPP for a mode that there is not, EBADF,
    ESPIPE for a pipe, ENODEV for a device, EFBIG; EOPNOTSUPP if the file cannot do it.
    """
    if offset < 0 or length <= 0:
        raise KernelError(Errno.EINVAL)
    if mode & ~FALLOC_FL_SUPPORTED_MASK or mode & FALLOC_FL_PUNCH_HOLE and mode != _PUNCH:
        raise KernelError(Errno.EOPNOTSUPP)
    if not filp.f_mode & FMODE_WRITE:
        raise KernelError(Errno.EBADF)
    kind = filp.f_inode.i_mode & S_IFMT
    if kind != S_IFREG:
        raise KernelError(Errno.ESPIPE if kind == S_IFIFO else Errno.ENODEV)
    if offset + length > filp.f_inode.s_maxbytes:
        raise KernelError(Errno.EFBIG)
    if filp.f_op.fallocate is None:
        raise KernelError(Errno.EOPNOTSUPP)
    await filp.f_op.fallocate(cpu, filp, mode, offset, length)


async def sys_fallocate(cpu: Cpu, fd: int, mode: int, offset: int, length: int) -> int:
    """Make pages for a range of a file, or punch a hole into it."""
    async with fdget(cpu, fd) as filp:
        await vfs_fallocate(cpu, filp, mode, offset, length)
    return 0
