"""Descriptors: a process's table of open files.

Ref: Linux 6.12, fs/file.c, include/linux/file.h, fdtable.h.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sw.arch.x86.include.asm.current import current_files
from sw.errno import Errno, KernelError
from sw.include.linux.fs import O_CLOEXEC, file, files_struct, get_file
from sw.kernel.locking.spinlock import spin_lock, spin_unlock
from sw.processor.cpu import Cpu

from .file_table import fput


__all__ = [
    "close_fd", "close_files", "dup_fd", "f_dupfd", "fd_install", "fdget", "fdget_pos",
    "get_close_on_exec", "get_unused_fd_flags", "put_unused_fd", "set_close_on_exec", "sys_dup",
    "sys_dup2", "sys_dup3",
]


#: Descriptors of a process, at most (the default soft limit RLIMIT_NOFILE).
_INR_OPEN_CUR = 1024


def _lookup_fd(cpu: Cpu, fd: int) -> file:
    filp = current_files(cpu).fdt.get(fd)
    if filp is None:
        raise KernelError(Errno.EBADF)
    return filp


@asynccontextmanager
async def fdget(cpu: Cpu, fd: int) -> AsyncIterator[file]:
    """Keep the open file of a descriptor of the current task, which another thread may close.

    Raises EBADF.
    """
    filp = get_file(_lookup_fd(cpu, fd))
    try:
        yield filp
    finally:
        await fput(cpu, filp)


@asynccontextmanager
async def fdget_pos(cpu: Cpu, fd: int) -> AsyncIterator[file]:
    """Keep an open file, and its position from being moved by others. Raises EBADF."""
    async with fdget(cpu, fd) as filp:
        await spin_lock(cpu, filp.f_pos_lock)
        try:
            yield filp
        finally:
            spin_unlock(cpu, filp.f_pos_lock)


def get_unused_fd_flags(cpu: Cpu, flags: int, start: int = 0) -> int:
    """Take the lowest free descriptor from ``start`` on, for a file that is still to come.

    O_CLOEXEC in ``flags`` keeps it from another program. Raises EMFILE.
    """
    files = current_files(cpu)
    fd    = next(number for number in range(start, start + len(files.fdt) + 1)
                 if number not in files.fdt)
    if fd >= _INR_OPEN_CUR:
        raise KernelError(Errno.EMFILE)
    files.fdt[fd] = None
    set_close_on_exec(cpu, fd, bool(flags & O_CLOEXEC))
    return fd


def put_unused_fd(cpu: Cpu, fd: int) -> None:
    """Give back a descriptor whose file has not come."""
    files = current_files(cpu)
    assert files.fdt[fd] is None, f"BUG: descriptor {fd} has a file"
    del files.fdt[fd]
    files.close_on_exec.discard(fd)


def fd_install(cpu: Cpu, fd: int, filp: file) -> None:
    """Give a descriptor that was taken its file. The caller's reference becomes the table's."""
    fdt = current_files(cpu).fdt
    assert fdt[fd] is None, f"BUG: descriptor {fd} has a file"
    fdt[fd] = filp


def set_close_on_exec(cpu: Cpu, fd: int, flag: bool) -> None:
    """Choose whether another program gets the descriptor."""
    closed = current_files(cpu).close_on_exec
    if flag:
        closed.add(fd)
    else:
        closed.discard(fd)


def get_close_on_exec(cpu: Cpu, fd: int) -> bool:
    """Tell whether another program would not get the descriptor."""
    return fd in current_files(cpu).close_on_exec


async def close_fd(cpu: Cpu, fd: int) -> None:
    """Free a descriptor of the current task. Raises EBADF."""
    filp  = _lookup_fd(cpu, fd)
    files = current_files(cpu)
    del files.fdt[fd]
    files.close_on_exec.discard(fd)
    await fput(cpu, filp)


def f_dupfd(cpu: Cpu, from_: int, filp: file, flags: int) -> int:
    """Give an open file another descriptor, the lowest free from ``from_`` on. EINVAL, EMFILE."""
    if from_ >= _INR_OPEN_CUR:
        raise KernelError(Errno.EINVAL)
    fd = get_unused_fd_flags(cpu, flags, from_)
    fd_install(cpu, fd, get_file(filp))
    return fd


async def sys_dup(cpu: Cpu, fildes: int) -> int:
    """Give an open file one more descriptor, the lowest free."""
    return f_dupfd(cpu, 0, _lookup_fd(cpu, fildes), 0)


async def sys_dup3(cpu: Cpu, oldfd: int, newfd: int, flags: int) -> int:
    """Give an open file the descriptor ``newfd``, in place of what that was.

    Raises EINVAL for other flags than O_CLOEXEC, and for the same one; EBADF; EBUSY while another
    thread is about to give it a file.
    """
    if flags & ~O_CLOEXEC or oldfd == newfd:
        raise KernelError(Errno.EINVAL)
    if newfd >= _INR_OPEN_CUR:
        raise KernelError(Errno.EBADF)
    filp, files = _lookup_fd(cpu, oldfd), current_files(cpu)
    if newfd in files.fdt and files.fdt[newfd] is None:
        raise KernelError(Errno.EBUSY)
    replaced = files.fdt.get(newfd)
    files.fdt[newfd] = get_file(filp)
    set_close_on_exec(cpu, newfd, bool(flags & O_CLOEXEC))
    if replaced is not None:
        await fput(cpu, replaced)
    return newfd


async def sys_dup2(cpu: Cpu, oldfd: int, newfd: int) -> int:
    """Give an open file the descriptor ``newfd``, which it may have already. EBADF, EBUSY."""
    if oldfd == newfd:
        _lookup_fd(cpu, oldfd)
        return newfd
    return await sys_dup3(cpu, oldfd, newfd, 0)


def dup_fd(oldf: files_struct) -> files_struct:
    """Return a copy of a table, for a child. The open files are the same ones."""
    return files_struct({fd: get_file(filp) for fd, filp in oldf.fdt.items() if filp is not None},
                        set(oldf.close_on_exec))


async def close_files(cpu: Cpu, files: files_struct) -> None:
    """Leave a table; the last task that does closes its files."""
    files.count -= 1
    while files.count == 0 and files.fdt:
        _, filp = files.fdt.popitem()
        if filp is not None:
            await fput(cpu, filp)
