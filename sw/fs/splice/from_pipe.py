"""Bytes of a pipe written to a file.

Ref: Linux 6.12, fs/splice.c (iter_file_splice_write).
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.fs.pipe import pipe_lock
from sw.include.linux.fs import file
from sw.include.linux.pipe_fs_i import pipe_inode_info
from sw.include.linux.uio import iov_iter
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .ends import consume, has_bytes


__all__ = ["iter_file_splice_write", "splice_from_pipe_to_nothing"]


def _take(cpu: Cpu, pipe: pipe_inode_info, count: int) -> None:
    """Take ``count`` bytes out of a pipe, page by page."""
    while count:
        chars = min(count, pipe.bufs[0].len)
        consume(cpu, pipe, chars)
        count -= chars


def _bvec(pipe: pipe_inode_info, length: int) -> iov_iter:
    """Return up to ``length`` of the pipe's bytes, where they are in physical memory."""
    segments = []
    for buf in pipe.bufs:
        chars   = min(buf.len, length)
        length -= chars
        if chars:
            segments.append(((buf.page.pfn << PAGE_SHIFT) + buf.offset, chars))
    return iov_iter(segments, bvec=True)


@traced
async def iter_file_splice_write(cpu: Cpu, pipe: pipe_inode_info, out: file, pos: int, length: int,
                                 flags: int) -> tuple[int, int]:
    """Write what is in the pipe; what the file does not take stays there.

    Returns the bytes done, and the position behind them. Raises EAGAIN or ENOSYS for an empty pipe
    that has a writer, and what the file refuses.
    """
    assert out.f_op.write_iter is not None
    async with pipe_lock(cpu, pipe):
        if not has_bytes(pipe, flags):
            return 0, pos
        done, pos = await out.f_op.write_iter(cpu, out, _bvec(pipe, length), pos)
        _take(cpu, pipe, done)
        return done, pos


async def splice_from_pipe_to_nothing(cpu: Cpu, pipe: pipe_inode_info, out: file, pos: int,
                                      length: int, flags: int) -> tuple[int, int]:
    """Drop what is in the pipe; the position stays. Raises like ``iter_file_splice_write``."""
    async with pipe_lock(cpu, pipe):
        if not has_bytes(pipe, flags):
            return 0, pos
        done = min(length, sum(buf.len for buf in pipe.bufs))
        _take(cpu, pipe, done)
        return done, pos
