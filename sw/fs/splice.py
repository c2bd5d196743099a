"""Bytes that go through a pipe without being copied: the pipe gets references on their pages.

Ref: Linux 6.12, fs/splice.c, include/linux/splice.h.

From a file's page cache, from another pipe, or from a program's memory. Out of a pipe into a file
the pages would have to be copied: that is not modelled (ENOSYS), but for files that refuse it.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.include.linux.fs import (
    FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE, O_APPEND, O_NONBLOCK, file, loff_t,
)
from sw.include.linux.pipe_fs_i import PIPE_BUF_FLAG_CAN_MERGE, pipe_buffer, pipe_inode_info
from sw.include.linux.uio import iov_iter, iov_iter_count
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import (
    MAX_RW_COUNT, copy_page_to_iter, import_iovec, iov_iter_get_pages2,
)
from sw.mm.page_alloc import get_page, put_page
from sw.processor.cpu import Cpu

from .file import fdget
from .pipe import check_readers, get_pipe_info, pipe_full, pipe_lock, pipe_must_wait
from .read_write.verify import rw_verify_area


__all__ = [
    "SPLICE_F_GIFT", "SPLICE_F_MORE", "SPLICE_F_MOVE", "SPLICE_F_NONBLOCK", "do_splice_read",
    "splice_file_to_pipe", "sys_splice", "sys_tee", "sys_vmsplice",
]


SPLICE_F_MOVE     = 1
SPLICE_F_NONBLOCK = 2
SPLICE_F_MORE     = 4
SPLICE_F_GIFT     = 8
SPLICE_F_ALL      = 15


async def wait_for_space(cpu: Cpu, pipe: pipe_inode_info, flags: int) -> None:
    """Refuse a pipe that nobody reads (EPIPE), or that is full (EAGAIN, ENOSYS)."""
    await check_readers(cpu, pipe)
    if pipe_full(pipe):
        raise pipe_must_wait(flags & SPLICE_F_NONBLOCK)


# A program's memory

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
        if not pipe.bufs and pipe.writers:
            raise pipe_must_wait(flags & SPLICE_F_NONBLOCK)
        done = 0
        while pipe.bufs and (left := iov_iter_count(i)):
            buf   = pipe.bufs[0]
            chars = min(buf.len, left)
            if await copy_page_to_iter(cpu, buf.page, buf.offset, chars, i) < chars:
                if not done:
                    raise KernelError(Errno.EFAULT)
                break
            done += chars
            _consume(cpu, pipe, chars)
        return done


def _consume(cpu: Cpu, pipe: pipe_inode_info, count: int) -> None:
    """Take ``count`` bytes of its oldest page out of a pipe."""
    buf = pipe.bufs[0]
    buf.offset += count
    buf.len    -= count
    if not buf.len:
        del pipe.bufs[0]
        put_page(cpu, buf.page)


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


# Between two pipes

def link_pipe(cpu: Cpu, ipipe: pipe_inode_info, opipe: pipe_inode_info, length: int) -> int:
    """Give the second pipe references on the pages of the first, up to ``length`` bytes."""
    done = 0
    for ibuf in ipipe.bufs:
        if done == length or pipe_full(opipe):
            break
        get_page(cpu, ibuf.page)
        count = min(ibuf.len, length - done)
        opipe.bufs.append(pipe_buffer(ibuf.page, ibuf.offset, count,
                                      ibuf.flags & ~PIPE_BUF_FLAG_CAN_MERGE))
        done += count
    return done


async def _ready(cpu: Cpu, ipipe: pipe_inode_info, opipe: pipe_inode_info, flags: int) -> bool:
    """Tell whether there is something to move; it never will be if the first has no writer."""
    if ipipe.bufs:
        await wait_for_space(cpu, opipe, flags)
    elif ipipe.writers:
        raise pipe_must_wait(flags & SPLICE_F_NONBLOCK)
    return bool(ipipe.bufs)


async def sys_tee(cpu: Cpu, fdin: int, fdout: int, length: int, flags: int) -> int:
    """Let a second pipe have what is in a first one, which keeps it.

    Raises EINVAL for other flags, for what is no pipe, and for one and the same; EBADF, EPIPE.
    """
    if flags & ~SPLICE_F_ALL:
        raise KernelError(Errno.EINVAL)
    if not length:
        return 0
    async with fdget(cpu, fdin) as in_, fdget(cpu, fdout) as out:
        if not in_.f_mode & FMODE_READ or not out.f_mode & FMODE_WRITE:
            raise KernelError(Errno.EBADF)
        ipipe, opipe = get_pipe_info(in_), get_pipe_info(out)
        if ipipe is None or opipe is None or ipipe is opipe:
            raise KernelError(Errno.EINVAL)
        if (in_.f_flags | out.f_flags) & O_NONBLOCK:
            flags |= SPLICE_F_NONBLOCK
        if not await _ready(cpu, ipipe, opipe, flags):
            return 0
        return link_pipe(cpu, ipipe, opipe, length)


async def splice_pipe_to_pipe(cpu: Cpu, ipipe: pipe_inode_info, opipe: pipe_inode_info,
                              length: int, flags: int) -> int:
    """Move what is in a first pipe to a second one.

    A page that goes as a whole stays what it was: one that may take more bytes still may.
    """
    if not await _ready(cpu, ipipe, opipe, flags):
        return 0
    done = 0
    while ipipe.bufs and done < length and not pipe_full(opipe):
        ibuf = ipipe.bufs[0]
        if ibuf.len <= length - done:
            opipe.bufs.append(ipipe.bufs.pop(0))
            done += ibuf.len
        else:
            link_pipe(cpu, ipipe, opipe, length - done)
            _consume(cpu, ipipe, length - done)
            done = length
    return done


# From a file

async def do_splice_read(cpu: Cpu, in_: file, pos: int, pipe: pipe_inode_info,
                         length: int) -> int:
    """Give the pipe references on pages of a file. EBADF; EINVAL for a file that has none."""
    if not in_.f_mode & FMODE_READ:
        raise KernelError(Errno.EBADF)
    if not length:
        return 0
    length = min(length, MAX_RW_COUNT, (pipe.max_usage - len(pipe.bufs)) * PAGE_SIZE)
    if in_.f_op.splice_read is None:
        raise KernelError(Errno.EINVAL)
    return await in_.f_op.splice_read(cpu, in_, pos, pipe, length)


async def splice_file_to_pipe(cpu: Cpu, in_: file, opipe: pipe_inode_info, pos: int, length: int,
                              flags: int) -> int:
    """Move bytes of a file into a pipe that has place. Returns how many."""
    async with pipe_lock(cpu, opipe):
        await wait_for_space(cpu, opipe, flags)
        return await do_splice_read(cpu, in_, pos, opipe, length)


def _refuse_splice_from(out: file, offset: int | None) -> KernelError:
    """Return why nothing can be moved from a pipe to this file."""
    refused = offset is not None and not out.f_mode & FMODE_PWRITE or out.f_flags & O_APPEND
    return KernelError(Errno.EINVAL if refused or not out.f_op.splice_write else Errno.ENOSYS)


async def _splice_to_pipe(cpu: Cpu, in_: file, offset: int | None, opipe: pipe_inode_info,
                          length: int, flags: int) -> tuple[int, int | None]:
    """Move bytes of a file into a pipe, from ``offset``, or from the file's position if it is None.

    Returns how many, and the offset behind them.
    """
    if offset is not None and not in_.f_mode & FMODE_PREAD:
        raise KernelError(Errno.EINVAL)
    pos = in_.f_pos if offset is None else offset
    rw_verify_area(cpu, in_, pos, length)
    done = await splice_file_to_pipe(cpu, in_, opipe, pos, length, flags)
    if offset is not None:
        return done, loff_t(pos + done)
    in_.f_pos = loff_t(pos + done)
    return done, None


async def do_splice(cpu: Cpu, in_: file, out: file, offset: int | None, length: int,
                    flags: int) -> tuple[int, int | None]:
    """Choose by which of the two is a pipe. Returns the bytes moved, and the offset behind them.

    Raises EBADF, EINVAL for two that are no pipes and for one and the same, and what the way
    chosen raises.
    """
    ipipe, opipe = get_pipe_info(in_), get_pipe_info(out)
    if not in_.f_mode & FMODE_READ or not out.f_mode & FMODE_WRITE:
        raise KernelError(Errno.EBADF)
    if (in_.f_flags if ipipe else 0) & O_NONBLOCK or (out.f_flags if opipe else 0) & O_NONBLOCK:
        flags |= SPLICE_F_NONBLOCK
    if ipipe is not None and opipe is not None:
        if ipipe is opipe:
            raise KernelError(Errno.EINVAL)
        return await splice_pipe_to_pipe(cpu, ipipe, opipe, length, flags), None
    if ipipe is not None:
        raise _refuse_splice_from(out, offset)
    if opipe is not None:
        return await _splice_to_pipe(cpu, in_, offset, opipe, length, flags)
    raise KernelError(Errno.EINVAL)


async def sys_splice(cpu: Cpu, fd_in: int, off_in: int, fd_out: int, off_out: int, length: int,
                     flags: int) -> int:
    """Move bytes between a pipe and a file, or another pipe.

    Offsets in the file are at ``off_in`` and ``off_out``, or 0 for its own position. Nothing is
    checked if no bytes are to be moved. Raises EINVAL for other flags, EBADF, ESPIPE for an offset
    in a pipe, EFAULT, and what ``do_splice`` raises.
    """
    if not length:
        return 0
    if flags & ~SPLICE_F_ALL:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd_in) as in_, fdget(cpu, fd_out) as out:
        if get_pipe_info(in_) and off_in or get_pipe_info(out) and off_out:
            raise KernelError(Errno.ESPIPE)
        at     = off_in or off_out
        offset = loff_t(await get_user(cpu, at, 8)) if at else None
        done, offset = await do_splice(cpu, in_, out, offset, length, flags)
        if offset is not None:
            await put_user(cpu, offset & (1 << 64) - 1, at, 8)
        return done
