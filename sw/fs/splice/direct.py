"""Bytes from a file to a file, by way of a pipe that nobody sees.

Ref: Linux 6.12, fs/splice.c (splice_direct_to_actor, do_splice_direct).
"""

from sw.errno import Errno, KernelError
from sw.include.linux.fs import FMODE_LSEEK, O_APPEND, file
from sw.include.linux.pipe_fs_i import pipe_inode_info
from sw.kernel.trace.ftrace import traced
from sw.mm.page_alloc import put_page
from sw.processor.cpu import Cpu

from .do_splice import do_splice_from, do_splice_read


__all__ = ["do_splice_direct"]


@traced
async def do_splice_direct(cpu: Cpu, in_: file, pos: int, out: file, opos: int,
                           length: int) -> tuple[int, int, int]:
    """Copy up to ``length`` bytes; what stops it makes the result short, or is raised.

    Returns the bytes done, and the position behind them in either file. Raises EINVAL for files
    that cannot, and what they refuse.
    """
    if out.f_flags & O_APPEND or not in_.f_mode & FMODE_LSEEK:
        raise KernelError(Errno.EINVAL)
    pipe, done = pipe_inode_info(readers=1), 0
    try:
        while done < length:
            before = pos
            read, pos = await do_splice_read(cpu, in_, pos, pipe, length - done)
            if not read:
                break
            pos, behind = before, pos
            written, opos = await do_splice_from(cpu, pipe, out, opos, read, 0)
            done += written
            pos   = behind if written == read else before + written
            if written < read:
                break
    except KernelError:
        if not done:
            raise
    finally:
        for buf in pipe.bufs:
            put_page(cpu, buf.page)
    return done, pos, opos
