"""truncate() and ftruncate(): files of another size.

Ref: Linux 6.12, fs/open.c.
"""

from sw.errno import Errno, KernelError
from sw.fs.attr import notify_change
from sw.fs.file import fdget
from sw.fs.namei import MAY_WRITE, inode_permission, lookup_open
from sw.include.linux.fs import FMODE_WRITE, S_IFMT, S_IFREG, inode
from sw.processor.cpu import Cpu


__all__ = ["do_truncate", "sys_ftruncate", "sys_truncate"]


async def do_truncate(cpu: Cpu, node: inode, length: int) -> None:
    """Give a file another size. Raises EINVAL for one that is negative, and what it refuses."""
    if length < 0:
        raise KernelError(Errno.EINVAL)
    await notify_change(cpu, node, length)


async def sys_truncate(cpu: Cpu, path: str, length: int) -> int:
    """Give the file at ``path`` another size. ENOENT; EINVAL if it has none; EACCES; EFBIG."""
    if length < 0:
        raise KernelError(Errno.EINVAL)
    node = lookup_open(cpu, path, 0, 0, 0)
    if node.i_mode & S_IFMT != S_IFREG:
        raise KernelError(Errno.EINVAL)
    inode_permission(cpu, node, MAY_WRITE)
    await do_truncate(cpu, node, length)
    return 0


async def sys_ftruncate(cpu: Cpu, fd: int, length: int) -> int:
    """Give an open file another size. EINVAL if it has none, or is not open for writing; EBADF."""
    if length < 0:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd) as filp:
        if filp.f_inode.i_mode & S_IFMT != S_IFREG or not filp.f_mode & FMODE_WRITE:
            raise KernelError(Errno.EINVAL)
        await do_truncate(cpu, filp.f_inode, length)
    return 0
