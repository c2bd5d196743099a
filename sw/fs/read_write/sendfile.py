"""sendfile(): bytes of a file into a pipe, or into another file.

Ref: Linux 6.12, fs/read_write.c (do_sendfile).
"""

from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.pipe import get_pipe_info
from sw.fs.splice.direct import do_splice_direct
from sw.fs.splice.do_splice import splice_file_to_pipe
from sw.include.linux.fs import FMODE_PREAD, FMODE_READ, FMODE_WRITE, O_NONBLOCK, file, loff_t
from sw.include.linux.splice import SPLICE_F_NONBLOCK
from sw.lib.iov_iter import MAX_RW_COUNT
from sw.processor.cpu import Cpu

from .verify import check_positioned, rw_verify_area


__all__ = ["do_sendfile", "sys_sendfile64"]


def _limited(in_: file, out: file, pos: int, count: int) -> int:
    """Return the bytes that both files can have at ``pos``. Raises EOVERFLOW if there is none."""
    limit = min(in_.f_inode.s_maxbytes, out.f_inode.s_maxbytes)
    if pos >= limit and pos + count > limit:
        raise KernelError(Errno.EOVERFLOW)
    return min(count, limit - pos)


async def do_sendfile(cpu: Cpu, out: file, in_: file, offset: int | None,
                      count: int) -> tuple[int, int]:
    """Move bytes from ``offset`` of a file, or its own position if it is None, to another one.

    Returns the bytes, and the position behind them. Raises EBADF, ESPIPE, EINVAL, EOVERFLOW, and
    what the files refuse.
    """
    if not in_.f_mode & FMODE_READ:
        raise KernelError(Errno.EBADF)
    if offset is not None:
        check_positioned(in_, FMODE_PREAD)
    pos = in_.f_pos if offset is None else offset
    rw_verify_area(cpu, in_, pos, count)
    if not out.f_mode & FMODE_WRITE:
        raise KernelError(Errno.EBADF)
    count = _limited(in_, out, pos, min(count, MAX_RW_COUNT))
    if (opipe := get_pipe_info(out)) is not None:
        flags = SPLICE_F_NONBLOCK if out.f_flags & O_NONBLOCK else 0
        return await splice_file_to_pipe(cpu, in_, opipe, pos, count, flags)
    rw_verify_area(cpu, out, out.f_pos, count)
    done, pos, out_pos = await do_splice_direct(cpu, in_, pos, out, out.f_pos, count)
    out.f_pos = loff_t(out_pos)
    return done, pos


async def sys_sendfile64(cpu: Cpu, out_fd: int, in_fd: int, offset: int, count: int) -> int:
    """Move bytes of a file, from the offset at ``offset`` on, or 0 for the file's position."""
    start = loff_t(await get_user(cpu, offset, 8)) if offset else None
    async with fdget(cpu, in_fd) as in_, fdget(cpu, out_fd) as out:
        done, pos = await do_sendfile(cpu, out, in_, start, count)
        if start is None:
            in_.f_pos = loff_t(pos)
    if start is not None:
        await put_user(cpu, pos & (1 << 64) - 1, offset, 8)
    return done
