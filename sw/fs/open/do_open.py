"""Opening a file by its path.

Ref: Linux 6.12, fs/open.c.

There is one flat directory of ramfs files, and the processes under /proc. A path is handed over
as a string: how names are read from memory and looked up has no part in this model.
"""

from collections.abc import Mapping

from sw.errno import KernelError
from sw.fs.file import close_fd, fd_install, get_unused_fd_flags, put_unused_fd
from sw.fs.namei import MAY_READ, MAY_WRITE, lookup_open
from sw.include.linux.fs import (
    FMODE_LSEEK, FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE, O_ACCMODE, O_CLOEXEC,
    O_CREAT, O_EXCL, O_LARGEFILE, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, S_IFMT, S_IFREG, file,
)
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .truncate import do_truncate


__all__ = ["do_sys_open", "sys_close", "sys_creat"]


_MODES: Mapping[int, tuple[int, int]] = {
    O_RDONLY: (FMODE_READ,               MAY_READ),
    O_WRONLY: (FMODE_WRITE,              MAY_WRITE),
    O_RDWR:   (FMODE_READ | FMODE_WRITE, MAY_READ | MAY_WRITE),
    # For neither, though the file must allow both.
    O_ACCMODE: (0,                       MAY_READ | MAY_WRITE),
}


#: Flags that say how to open, and nothing of the open file.
_NOT_KEPT = O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC


def _force_o_largefile(cpu: Cpu) -> int:
    return O_LARGEFILE if kconfig(cpu).paging.X86_64 else 0


async def do_filp_open(cpu: Cpu, path: str, flags: int, mode: int) -> file:
    """Open ``path``. Fails like ``do_sys_open``, but for EMFILE."""
    f_mode, mask = _MODES[flags & O_ACCMODE]
    if flags & O_TRUNC:
        mask |= MAY_WRITE
    node = lookup_open(cpu, path, flags, mode, mask)
    filp = file(node, node.i_fop, f_mode, flags & ~_NOT_KEPT | _force_o_largefile(cpu),
                f_path=path)
    if filp.f_op.llseek is not None:
        filp.f_mode |= FMODE_LSEEK
    filp.f_mode |= FMODE_PREAD | FMODE_PWRITE
    if filp.f_op.open is not None:
        await filp.f_op.open(cpu, node, filp)
    if flags & O_TRUNC and node.i_mode & S_IFMT == S_IFREG:
        await do_truncate(cpu, node, 0)
    return filp


@traced
async def do_sys_open(cpu: Cpu, path: str, flags: int, mode: int) -> int:
    """Open ``path`` and return its descriptor.

    ``mode`` is the permission of a file that O_CREAT makes. O_TRUNC has no effect on /proc.
    """
    fd = get_unused_fd_flags(cpu, flags)
    try:
        filp = await do_filp_open(cpu, path, flags, mode)
    except KernelError:
        put_unused_fd(cpu, fd)
        raise
    fd_install(cpu, fd, filp)
    return fd


async def sys_creat(cpu: Cpu, path: str, mode: int) -> int:
    """Make a file, or empty it, and open it for writing."""
    return await do_sys_open(cpu, path, O_CREAT | O_WRONLY | O_TRUNC, mode)


async def sys_close(cpu: Cpu, fd: int) -> int:
    """Free a descriptor."""
    await close_fd(cpu, fd)
    return 0
