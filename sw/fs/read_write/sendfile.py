"""sendfile(): bytes of a file into a pipe.

Ref: Linux 6.12, fs/read_write.c (do_sendfile).

Into another kind of file they would have to be copied: ENOSYS, but for files that refuse it.
"""

from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.pipe import get_pipe_info
from sw.fs.splice import SPLICE_F_NONBLOCK, splice_file_to_pipe
from sw.include.linux.fs import (
    FMODE_PREAD, FMODE_READ, FMODE_WRITE, O_APPEND, O_NONBLOCK, file, loff_t,
)
from sw.processor.cpu import Cpu

from .verify import check_positioned, rw_verify_area


__all__ = ["do_sendfile", "sys_sendfile64"]


def _limited(in_: file, out: file, pos: int, count: int) -> int:
    """Return the bytes that both files can have at ``pos``. Raises EOVERFLOW if there is none."""
    limit = min(in_.f_inode.s_maxbytes, out.f_inode.s_maxbytes)
    if pos >= limit and pos + count > limit:
        raise KernelError(Errno.EOVERFLOW)
    return min(count, limit - pos)


async def do_sendfile(cpu: Cpu, out: file, in_: file, offset: int | None, count: int) -> int:
    """Move bytes from ``offset`` of a file, or its own position if it is None, to another one.

    Raises EBADF, ESPIPE, EINVAL, EOVERFLOW; ENOSYS if the other one is no pipe.
    """
    if not in_.f_mode & FMODE_READ:
        raise KernelError(Errno.EBADF)
    if offset is not None:
        check_positioned(in_, FMODE_PREAD)
    pos = in_.f_pos if offset is None else offset
    rw_verify_area(cpu, in_, pos, count)
    if not out.f_mode & FMODE_WRITE:
        raise KernelError(Errno.EBADF)
    count = _limited(in_, out, pos, count)
    if (opipe := get_pipe_info(out)) is not None:
        flags = SPLICE_F_NONBLOCK if out.f_flags & O_NONBLOCK else 0
        return await splice_file_to_pipe(cpu, in_, opipe, pos, count, flags)
    if out.f_flags & O_APPEND:
        raise KernelError(Errno.EINVAL)
    if not count:
        return 0
    refused = in_.f_op.splice_read is None or not out.f_op.splice_write
    raise KernelError(Errno.EINVAL if refused else Errno.ENOSYS)


async def sys_sendfile64(cpu: Cpu, out_fd: int, in_fd: int, offset: int, count: int) -> int:
    """Move bytes of a file, from the offset at ``offset`` on, or 0 for the file's position."""
    pos = loff_t(await get_user(cpu, offset, 8)) if offset else None
    async with fdget(cpu, in_fd) as in_, fdget(cpu, out_fd) as out:
        done = await do_sendfile(cpu, out, in_, pos, count)
        if pos is None:
            in_.f_pos = loff_t(in_.f_pos + done)
    if pos is not None:
        await put_user(cpu, pos + done & (1 << 64) - 1, offset, 8)
    return done
