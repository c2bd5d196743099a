"""vmsplice(): pages of a program in a pipe.

Ref: Linux 6.12, fs/splice.c.
"""

from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.pipe import get_pipe_info, pipe_full, pipe_lock
from sw.include.linux.fs import FMODE_WRITE
from sw.include.linux.pipe_fs_i import pipe_buffer, pipe_inode_info
from sw.include.linux.splice import SPLICE_F_ALL
from sw.include.linux.uio import iov_iter, iov_iter_count
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import copy_page_to_iter, import_iovec, iov_iter_get_pages2
from sw.processor.cpu import Cpu

from .ends import consume, has_bytes, wait_for_space


__all__ = ["sys_vmsplice"]


@traced
async def vmsplice_to_pipe(cpu: Cpu, pipe: pipe_inode_info, i: iov_iter, flags: int) -> int:
    """Give the pipe references on the caller's pages, which stay the caller's too.

    Whoever writes to such a page later may change what the pipe holds: that is for copy-on-write to
    decide. SPLICE_F_GIFT is a promise not to, and changes nothing. Raises EFAULT, EPIPE.
    """
    async with pipe_lock(cpu, pipe):
        await wait_for_space(cpu, pipe, flags)
        done = 0
        try:
            while not pipe_full(pipe) and iov_iter_count(i):
                room = pipe.max_usage - len(pipe.bufs)
                for pg, offset, length in await iov_iter_get_pages2(cpu, i, room):
                    pipe.bufs.append(pipe_buffer(pg, offset, length))
                    done += length
        except KernelError:
            if not done:
                raise
        return done


@traced
async def vmsplice_to_user(cpu: Cpu, pipe: pipe_inode_info, i: iov_iter, flags: int) -> int:
    """Copy what is in the pipe to the caller's memory, like a read.

    Bytes of a page that could not all be copied stay in the pipe: EFAULT.
    """
    async with pipe_lock(cpu, pipe):
        done = 0
        has_bytes(pipe, flags)
        while pipe.bufs and (left := iov_iter_count(i)):
            buf   = pipe.bufs[0]
            chars = min(buf.len, left)
            if await copy_page_to_iter(cpu, buf.page, buf.offset, chars, i) < chars:
                if not done:
                    raise KernelError(Errno.EFAULT)
                break
            done += chars
            consume(cpu, pipe, chars)
        return done


async def sys_vmsplice(cpu: Cpu, fd: int, uiov: int, nr_segs: int, flags: int) -> int:
    """Move the caller's pages into a pipe, or bytes of a pipe into the caller's memory.

    Raises EINVAL for other flags than SPLICE_F_*, EBADF for what is no pipe, EFAULT, EPIPE.
    """
    if flags & ~SPLICE_F_ALL:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd) as filp:
        i    = await import_iovec(cpu, uiov, nr_segs)
        pipe = get_pipe_info(filp)
        if not iov_iter_count(i):
            return 0
        if pipe is None:
            raise KernelError(Errno.EBADF)
        move = vmsplice_to_pipe if filp.f_mode & FMODE_WRITE else vmsplice_to_user
        return await move(cpu, pipe, i, flags)
