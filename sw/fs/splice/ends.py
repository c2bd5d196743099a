"""The two ends of a pipe, as those need them who move pages.

Ref: Linux 6.12, fs/splice.c (wait_for_space, splice_from_pipe_next), include/linux/pipe_fs_i.h.
"""

from sw.fs.pipe import check_readers, pipe_full, pipe_must_wait
from sw.include.linux.pipe_fs_i import pipe_inode_info
from sw.include.linux.splice import SPLICE_F_NONBLOCK
from sw.mm.page_alloc import put_page
from sw.processor.cpu import Cpu


__all__ = ["consume", "has_bytes", "wait_for_space"]


async def wait_for_space(cpu: Cpu, pipe: pipe_inode_info, flags: int) -> None:
    """Refuse a pipe that nobody reads (EPIPE), or that is full (EAGAIN, ENOSYS)."""
    await check_readers(cpu, pipe)
    if pipe_full(pipe):
        raise pipe_must_wait(flags & SPLICE_F_NONBLOCK)


def has_bytes(pipe: pipe_inode_info, flags: int) -> bool:
    """Tell whether there is something to move; there never will be without a writer.

    Raises EAGAIN or ENOSYS if it could still come.
    """
    if not pipe.bufs and pipe.writers:
        raise pipe_must_wait(flags & SPLICE_F_NONBLOCK)
    return bool(pipe.bufs)


def consume(cpu: Cpu, pipe: pipe_inode_info, count: int) -> None:
    """Take ``count`` bytes of its oldest page out of a pipe."""
    buf = pipe.bufs[0]
    buf.offset += count
    buf.len    -= count
    if not buf.len:
        del pipe.bufs[0]
        put_page(cpu, buf.page)
