"""Descriptors: a process's table of open files.

Ref: Linux 6.12, fs/file.c, include/linux/file.h.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sw.arch.x86.include.asm.current import current_files
from sw.errno import Errno, KernelError
from sw.include.linux.fs import file, files_struct, get_file
from sw.kernel.locking.spinlock import spin_lock, spin_unlock
from sw.processor.cpu import Cpu

from .file_table import fput


__all__ = ["close_fd", "close_files", "dup_fd", "fd_install", "fdget", "fdget_pos"]


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


def fd_install(cpu: Cpu, filp: file) -> int:
    """Give ``filp`` the lowest free descriptor of the current task."""
    fdt = current_files(cpu).fdt
    fd  = next(number for number in range(len(fdt) + 1) if number not in fdt)
    fdt[fd] = filp
    return fd


async def close_fd(cpu: Cpu, fd: int) -> None:
    """Free a descriptor of the current task. Raises EBADF."""
    filp = _lookup_fd(cpu, fd)
    del current_files(cpu).fdt[fd]
    await fput(cpu, filp)


def dup_fd(oldf: files_struct) -> files_struct:
    """Return a copy of a table, for a child. The open files are the same ones."""
    return files_struct({fd: get_file(filp) for fd, filp in oldf.fdt.items()})


async def close_files(cpu: Cpu, files: files_struct) -> None:
    """Leave a table; the last task that does closes its files."""
    files.count -= 1
    while files.count == 0 and files.fdt:
        _, filp = files.fdt.popitem()
        await fput(cpu, filp)
