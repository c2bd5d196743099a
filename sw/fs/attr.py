"""Attributes of files, of which there is one: the size.

Ref: Linux 6.12, fs/attr.c.
"""

from sw.errno import Errno, KernelError
from sw.include.linux.fs import inode
from sw.kernel.locking.rwsem import down_write, up_write
from sw.mm.truncate import truncate_setsize
from sw.processor.cpu import Cpu


__all__ = ["notify_change"]


def inode_newsize_ok(node: inode, offset: int) -> None:
    """Refuse a size that its file system cannot have: EFBIG."""
    if offset > node.i_size and offset > node.s_maxbytes:
        raise KernelError(Errno.EFBIG)


async def notify_change(cpu: Cpu, node: inode, size: int) -> None:
    """Give a file another size, as far as it has contents. EFBIG, and what the file refuses."""
    await down_write(cpu, node.i_rwsem)
    try:
        inode_newsize_ok(node, size)
        if node.i_op is not None:
            await node.i_op.setattr(cpu, node, size)
        elif node.i_mapping is not None:
            await truncate_setsize(cpu, node, size)
    finally:
        up_write(cpu, node.i_rwsem)
