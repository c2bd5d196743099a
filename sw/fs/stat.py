"""statx(): what is known of a file without reading it.

Ref: Linux 6.12, fs/stat.c; include/uapi/linux/stat.h. Of a file the kernel here knows its kind, its
permissions, its owner and its size; ``stx_mask`` says so, and the rest is zeros. There are no
folders.
"""

from sw.arch.x86.lib.usercopy import clear_user, put_user
from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.namei import lookup_open
from sw.include.linux.fs import inode
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu


__all__ = ["AT_EMPTY_PATH", "AT_FDCWD", "STATX_BASIC_STATS", "sys_statx"]


AT_FDCWD            = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_NO_AUTOMOUNT     = 0x800
AT_EMPTY_PATH       = 0x1000
AT_STATX_SYNC_TYPE  = 0x6000

STATX_TYPE        = 0x01
STATX_MODE        = 0x02
STATX_UID         = 0x08
STATX_SIZE        = 0x200
STATX_BASIC_STATS = 0x7FF

#: Bit of the wanted fields that no kernel takes.
STATX__RESERVED = 0x8000_0000

#: Bytes of a ``struct statx``.
_SIZE = 256

_FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE


@traced
async def sys_statx(cpu: Cpu, dfd: int, path: str, flags: int, mask: int, buffer: int) -> int:
    """Store what is known of a file at ``buffer``: that at ``path``, or open as ``dfd``.

    The mask of what the caller wants makes no difference.

    Raises
    ------
    KernelError
        EINVAL for other flags; ENOENT, also for an empty path without AT_EMPTY_PATH; EBADF; ENOTDIR
        for a path that is to begin at a file; EFAULT. ENOSYS for the folder that a program is in.
    """
    if mask & STATX__RESERVED or flags & AT_STATX_SYNC_TYPE == AT_STATX_SYNC_TYPE:
        raise KernelError(Errno.EINVAL)
    if flags & ~_FLAGS:
        raise KernelError(Errno.EINVAL)
    await cp_statx(cpu, await _found(cpu, dfd, path, flags), buffer)
    return 0


async def _found(cpu: Cpu, dfd: int, path: str, flags: int) -> inode:
    """Return the file that is meant."""
    if not path and not flags & AT_EMPTY_PATH:
        raise KernelError(Errno.ENOENT)
    if path.startswith("/") or path and dfd == AT_FDCWD:
        return lookup_open(cpu, path, 0, 0, 0)
    if dfd == AT_FDCWD:
        raise KernelError(Errno.ENOSYS)
    async with fdget(cpu, dfd) as filp:
        if path:
            raise KernelError(Errno.ENOTDIR)
        return filp.f_inode


async def cp_statx(cpu: Cpu, node: inode, buffer: int) -> None:
    """Fill a ``struct statx``. Raises EFAULT."""
    if await clear_user(cpu, buffer, _SIZE):
        raise KernelError(Errno.EFAULT)
    known = STATX_TYPE | STATX_MODE | STATX_UID | STATX_SIZE
    for offset, size, value in ((0, 4, known), (20, 4, node.i_uid), (28, 2, node.i_mode),
                                (40, 8, node.i_size)):
        await put_user(cpu, value, buffer + offset, size)
