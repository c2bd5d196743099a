"""From a path to a file.

Ref: Linux 6.12, fs/namei.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.drivers.char.mem import memory_lookup
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_DAC_OVERRIDE
from sw.include.linux.fs import O_CREAT, O_EXCL, S_IALLUGO, inode
from sw.kernel.capability import capable
from sw.processor.cpu import Cpu

from .proc.root import proc_pid_lookup
from .ramfs.inode import ramfs_get_inode, rootfs


__all__ = ["MAY_EXEC", "MAY_READ", "MAY_WRITE", "inode_permission", "lookup_open"]


MAY_EXEC  = 1
MAY_WRITE = 2
MAY_READ  = 4


def inode_permission(cpu: Cpu, node: inode, mask: int) -> None:
    """Check the permission bits: the owner's for the owner, else the others'. Raises EACCES.

    Groups are not modelled. CAP_DAC_OVERRIDE passes.
    """
    mode = node.i_mode >> 6 if current(cpu).cred.fsuid == node.i_uid else node.i_mode
    if mask & ~mode and not capable(cpu, CAP_DAC_OVERRIDE):
        raise KernelError(Errno.EACCES)


def lookup_open(cpu: Cpu, path: str, flags: int, mode: int, mask: int) -> inode:
    """Find the file, or make it. Raises ENOENT, EEXIST, EACCES."""
    node = proc_pid_lookup(cpu, path) or memory_lookup(path) or rootfs(cpu).get(path)
    if node is None:
        if not flags & O_CREAT or path.startswith("/proc/"):
            raise KernelError(Errno.ENOENT)
        rootfs(cpu)[path] = ramfs_get_inode(mode & S_IALLUGO, current(cpu).cred.fsuid)
        return rootfs(cpu)[path]
    if flags & O_CREAT and flags & O_EXCL:
        raise KernelError(Errno.EEXIST)
    inode_permission(cpu, node, mask)
    return node
