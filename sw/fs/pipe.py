"""Pipes.

Ref: Linux 6.12, fs/pipe.c.

Nobody waits at a pipe: a program that would is a program's of another moment, and there is no
scheduler that could bring that. So what would wait is EAGAIN with O_NONBLOCK, as in Linux, and
without it ENOSYS, before a byte has moved. Packets (O_DIRECT) are not modelled.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.lib.usercopy import put_user
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_RESOURCE
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, MAX_NON_LFS, O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY,
    S_IFIFO, file, file_operations, inode,
)
from sw.include.linux.pipe_fs_i import PIPE_BUF_FLAG_CAN_MERGE, pipe_buffer, pipe_inode_info
from sw.include.linux.signal_types import SI_USER, SIGPIPE, kernel_siginfo
from sw.include.linux.uio import iov_iter, iov_iter_count
from sw.kernel.capability import capable
from sw.kernel.locking.spinlock import spin_lock, spin_unlock
from sw.kernel.signal.send import send_signal
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import copy_page_from_iter, copy_page_to_iter
from sw.mm.page_alloc import GFP_HIGHUSER, alloc_page, put_page
from sw.processor.cpu import Cpu

from .file import fd_install, get_unused_fd_flags, put_unused_fd
from .file_table import fput


__all__ = [
    "check_readers", "create_pipe_files", "do_pipe2", "get_pipe_info", "pipe_full",
    "pipe_get_size", "pipe_lock", "pipe_must_wait", "pipe_set_size", "sys_pipe", "sys_pipe2",
]


#: Bytes that a pipe may be made to hold by programs without CAP_SYS_RESOURCE.
pipe_max_size = 1 << 20


def get_pipe_info(filp: file) -> pipe_inode_info | None:
    """Return the pipe of an open file, or ``None`` for a file of another kind."""
    return filp.f_inode.i_private if filp.f_op is pipefifo_fops else None


def pipe_full(pipe: pipe_inode_info) -> bool:
    """Tell whether no further page has a place."""
    return len(pipe.bufs) >= pipe.max_usage


@asynccontextmanager
async def pipe_lock(cpu: Cpu, pipe: pipe_inode_info) -> AsyncIterator[None]:
    """Keep others from the pipe's buffers."""
    await spin_lock(cpu, pipe.mutex)
    try:
        yield
    finally:
        spin_unlock(cpu, pipe.mutex)


def pipe_must_wait(nonblock: int) -> KernelError:
    """Return the failure of a call that would wait for the other end of a pipe."""
    return KernelError(Errno.EAGAIN if nonblock else Errno.ENOSYS)


async def check_readers(cpu: Cpu, pipe: pipe_inode_info) -> None:
    """Refuse what nobody could read any more: SIGPIPE, and EPIPE."""
    if not pipe.readers:
        task = current(cpu)
        await send_signal(cpu, task, kernel_siginfo(SIGPIPE, SI_USER, si_pid=task.tgid,
                                                    si_uid=task.cred.uid), shared=False)
        raise KernelError(Errno.EPIPE)


@traced
async def pipe_read(cpu: Cpu, filp: file, to: iov_iter, pos: int) -> tuple[int, int]:
    """Read what there is, page by page; 0 once it is empty and has no writer.

    Bytes of a page that could not all be copied stay in the pipe: EFAULT, though some were.
    """
    pipe, left = filp.f_inode.i_private, iov_iter_count(to)
    if not left:
        return 0, pos
    async with pipe_lock(cpu, pipe):
        return await _read(cpu, pipe, to, filp.f_flags & O_NONBLOCK), pos


async def _read(cpu: Cpu, pipe: pipe_inode_info, to: iov_iter, nonblock: int) -> int:
    """Do what :func:`pipe_read` says."""
    done, left = 0, iov_iter_count(to)
    while pipe.bufs and left:
        buf   = pipe.bufs[0]
        chars = min(buf.len, left)
        if await copy_page_to_iter(cpu, buf.page, buf.offset, chars, to) < chars:
            if not done:
                raise KernelError(Errno.EFAULT)
            break
        done, left  = done + chars, left - chars
        buf.offset += chars
        buf.len    -= chars
        if not buf.len:
            del pipe.bufs[0]
            put_page(cpu, buf.page)
    if not done and pipe.writers:
        raise pipe_must_wait(nonblock)
    return done


def _mergeable(pipe: pipe_inode_info, chars: int) -> bool:
    """Tell whether the page written last has place for ``chars`` bytes more."""
    return bool(chars and pipe.bufs and pipe.bufs[-1].flags & PIPE_BUF_FLAG_CAN_MERGE
                and pipe.bufs[-1].offset + pipe.bufs[-1].len + chars <= PAGE_SIZE)


async def _merge(cpu: Cpu, pipe: pipe_inode_info, chars: int, from_: iov_iter) -> None:
    """Add bytes to the page written last. Raises EFAULT, and nothing is added."""
    buf = pipe.bufs[-1]
    if await copy_page_from_iter(cpu, buf.page, buf.offset + buf.len, chars, from_) < chars:
        raise KernelError(Errno.EFAULT)
    buf.len += chars


async def _append(cpu: Cpu, pipe: pipe_inode_info, from_: iov_iter) -> int:
    """Add a page of its own with as many bytes as it can hold. Raises ENOMEM, EFAULT."""
    pg     = await alloc_page(cpu, GFP_HIGHUSER)
    copied = await copy_page_from_iter(cpu, pg, 0, PAGE_SIZE, from_)
    if copied < PAGE_SIZE and iov_iter_count(from_):
        put_page(cpu, pg)
        raise KernelError(Errno.EFAULT)
    pipe.bufs.append(pipe_buffer(pg, 0, copied, PIPE_BUF_FLAG_CAN_MERGE))
    return copied


@traced
async def pipe_write(cpu: Cpu, filp: file, from_: iov_iter, pos: int) -> tuple[int, int]:
    """Write to pages of the pipe's own, of which the last may take what does not fill one.

    What stops it makes the result short, or is raised if nothing was done: EFAULT for a page that
    could not be filled, of which nothing is in the pipe; EPIPE with SIGPIPE.
    """
    pipe = filp.f_inode.i_private
    if not iov_iter_count(from_):
        return 0, pos
    async with pipe_lock(cpu, pipe):
        return await _write(cpu, pipe, from_, filp.f_flags & O_NONBLOCK), pos


async def _write(cpu: Cpu, pipe: pipe_inode_info, from_: iov_iter, nonblock: int) -> int:
    """Do what :func:`pipe_write` says."""
    done, total = 0, iov_iter_count(from_)
    await check_readers(cpu, pipe)
    chars = total % PAGE_SIZE
    merge = _mergeable(pipe, chars)
    pages = (total - chars * merge + PAGE_SIZE - 1) // PAGE_SIZE
    if not nonblock and len(pipe.bufs) + pages > pipe.max_usage:
        raise pipe_must_wait(nonblock)
    if merge:
        await _merge(cpu, pipe, chars, from_)
        done = chars
    try:
        while done < total:
            await check_readers(cpu, pipe)
            if pipe_full(pipe):
                raise pipe_must_wait(nonblock)
            done += await _append(cpu, pipe, from_)
    except KernelError:
        if not done:
            raise
    return done


@traced
async def pipe_release(cpu: Cpu, node: inode, filp: file) -> None:
    """Close an end; with the second one all pages go."""
    pipe = node.i_private
    pipe.readers -= bool(filp.f_mode & FMODE_READ)
    pipe.writers -= bool(filp.f_mode & FMODE_WRITE)
    if not pipe.readers and not pipe.writers:
        while pipe.bufs:
            put_page(cpu, pipe.bufs.pop().page)


pipefifo_fops = file_operations(
    read_iter  = pipe_read,
    write_iter = pipe_write,
    release    = pipe_release,
)


def pipe_get_size(pipe: pipe_inode_info) -> int:
    """Bytes that the pipe can hold (F_GETPIPE_SZ)."""
    return pipe.max_usage * PAGE_SIZE


def pipe_set_size(cpu: Cpu, pipe: pipe_inode_info, arg: int) -> int:
    """Make the pipe hold ``arg`` bytes, rounded up to a power of two of pages; return how many.

    Raises EINVAL for 2 GiB and more, EPERM above ``pipe_max_size``, EBUSY if more is in it.
    """
    if arg > 1 << 31:
        raise KernelError(Errno.EINVAL)
    size = PAGE_SIZE << (max(0, arg - 1) // PAGE_SIZE).bit_length()
    if size // PAGE_SIZE > pipe.max_usage and size > pipe_max_size \
            and not capable(cpu, CAP_SYS_RESOURCE):
        raise KernelError(Errno.EPERM)
    if size // PAGE_SIZE < len(pipe.bufs):
        raise KernelError(Errno.EBUSY)
    pipe.max_usage = size // PAGE_SIZE
    return size


def create_pipe_files(cpu: Cpu, flags: int) -> tuple[file, file]:
    """Make a pipe; return its two ends, the reader's first."""
    pipe = pipe_inode_info(readers=1, writers=1)
    node = inode(S_IFIFO | 0o600, current(cpu).cred.fsuid, pipefifo_fops, i_private=pipe,
                 s_maxbytes=MAX_NON_LFS)
    kept = flags & O_NONBLOCK
    return (file(node, pipefifo_fops, FMODE_READ, O_RDONLY | kept),
            file(node, pipefifo_fops, FMODE_WRITE, O_WRONLY | kept))


@traced
async def do_pipe2(cpu: Cpu, fildes: int, flags: int) -> None:
    """Make a pipe, and store the descriptors of its ends at ``fildes``.

    Raises EINVAL for flags that there are not, ENOSYS for O_DIRECT, EMFILE; EFAULT, and then there
    is no pipe.
    """
    if flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT):
        raise KernelError(Errno.EINVAL)
    if flags & O_DIRECT:
        raise KernelError(Errno.ENOSYS)
    files = create_pipe_files(cpu, flags)
    taken: list[int] = []
    try:
        for _ in files:
            taken.append(get_unused_fd_flags(cpu, flags))
        for index, fd in enumerate(taken):
            await put_user(cpu, fd, fildes + 4 * index, 4)
    except KernelError:
        for fd in taken:
            put_unused_fd(cpu, fd)
        for filp in files:
            await fput(cpu, filp)
        raise
    for fd, filp in zip(taken, files, strict=True):
        fd_install(cpu, fd, filp)


async def sys_pipe(cpu: Cpu, fildes: int) -> int:
    """Make a pipe."""
    await do_pipe2(cpu, fildes, 0)
    return 0


async def sys_pipe2(cpu: Cpu, fildes: int, flags: int) -> int:
    """Make a pipe, with O_NONBLOCK or O_CLOEXEC."""
    await do_pipe2(cpu, fildes, flags)
    return 0
