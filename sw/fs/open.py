"""Opening a file by its path.

Ref: Linux 6.12, fs/open.c and fs/namei.c.

There is one flat directory of ramfs files, and the processes under /proc. A path is handed over
as a string: how names are read from memory and looked up has no part in this model.
"""

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, O_ACCMODE, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY,
    fd_install, file, inode,
)
from sw.kernel.cred import CAP_DAC_OVERRIDE
from sw.kernel.trace.ftrace import traced
from sw.mm.filemap import ramfs_get_inode
from sw.processor.cpu import Cpu

from .proc.base import proc_pid_lookup


__all__ = ["do_sys_open"]


MAY_WRITE = 2
MAY_READ  = 4

_MODES = {
    O_RDONLY: (FMODE_READ,               MAY_READ),
    O_WRONLY: (FMODE_WRITE,              MAY_WRITE),
    O_RDWR:   (FMODE_READ | FMODE_WRITE, MAY_READ | MAY_WRITE),
}


def inode_permission(cpu: Cpu, inode: inode, mask: int) -> None:
    """Check the permission bits: the owner's for the owner, else the others'. Raises EACCES.

    Groups are not modelled. CAP_DAC_OVERRIDE passes.
    """
    cred = current(cpu).cred
    mode = inode.i_mode >> 6 if cred.fsuid == inode.i_uid else inode.i_mode
    if mask & ~mode and not cred.capable(CAP_DAC_OVERRIDE):
        raise KernelError(Errno.EACCES)


def _lookup(cpu: Cpu, path: str, flags: int, mode: int, mask: int) -> inode:
    """Find the file, or make it. Raises ENOENT, EEXIST, EACCES."""
    found = proc_pid_lookup(cpu, path) or cpu.kernel.rootfs.get(path)
    if found is None:
        if not flags & O_CREAT:
            raise KernelError(Errno.ENOENT)
        cpu.kernel.rootfs[path] = ramfs_get_inode(mode, current(cpu).cred.fsuid)
        return cpu.kernel.rootfs[path]
    if flags & O_CREAT and flags & O_EXCL:
        raise KernelError(Errno.EEXIST)
    inode_permission(cpu, found, mask)
    return found


@traced
async def do_sys_open(cpu: Cpu, path: str, flags: int, mode: int) -> int:
    """Open ``path`` and return its descriptor.

    ``mode`` is the permission of a file that O_CREAT makes. O_TRUNC has no effect on /proc, and
    is refused for a file that has contents (EOPNOTSUPP): truncation is not modelled.
    """
    if flags & O_ACCMODE not in _MODES:
        raise KernelError(Errno.EINVAL)
    f_mode, mask = _MODES[flags & O_ACCMODE]
    inode = _lookup(cpu, path, flags, mode, mask)
    if flags & O_TRUNC and inode.i_size:
        raise KernelError(Errno.EOPNOTSUPP)
    filp = file(inode, inode.i_fop, f_mode, flags)
    if filp.f_op.open is not None:
        await filp.f_op.open(cpu, inode, filp)
    return fd_install(cpu, filp)
