"""Files, open files, and a process's table of descriptors.

Ref: Linux 6.12, include/linux/fs.h, fdtable.h, include/uapi/asm-generic/fcntl.h.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sw.kernel.locking.rwsem import rw_semaphore
from sw.kernel.locking.spinlock import spinlock_t
from sw.processor.cpu import Cpu

from .mm_types import page, vm_area_struct


__all__ = [
    "FMODE_READ", "FMODE_WRITE", "MAX_LFS_FILESIZE", "O_ACCMODE", "O_APPEND", "O_CREAT", "O_EXCL",
    "O_RDONLY", "O_RDWR", "O_TRUNC", "O_WRONLY", "SEEK_CUR", "SEEK_END", "SEEK_SET",
    "address_space", "file", "file_operations", "files_struct", "get_file", "inode", "loff_t",
]


O_RDONLY  = 0o0
O_WRONLY  = 0o1
O_RDWR    = 0o2
O_ACCMODE = 0o3
O_CREAT   = 0o100
O_EXCL    = 0o200
O_TRUNC   = 0o1000
O_APPEND  = 0o2000

SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2

#: Last position that a file can have.
MAX_LFS_FILESIZE = (1 << 63) - 1

FMODE_READ  = 0x1
FMODE_WRITE = 0x2


def loff_t(value: int) -> int:
    """Take the low 64 bits of ``value`` as a signed number, as a file position is one."""
    return (value + (1 << 63) & (1 << 64) - 1) - (1 << 63)


@dataclass(eq=False, slots=True)
class inode:
    """A file, open or not.

    Attributes
    ----------
    i_mode : :class:`int`
        Permission bits: owner, group, others.
    i_uid : :class:`int`
        Owner.
    i_fop : :class:`file_operations`
        Its operations.
    i_size : :class:`int`
        Bytes.
    i_mapping : :class:`address_space` or :class:`None`
        Its pages, if it keeps any.
    i_private : :class:`object`
        The file system's own record of it.
    i_rwsem : :class:`rw_semaphore`
        Guards its contents and its size while it is written.
    """

    i_mode:    int
    i_uid:     int
    i_fop:     file_operations
    i_size:    int = 0
    i_mapping: address_space | None = None
    i_private: Any = None
    i_rwsem:   rw_semaphore = field(default_factory=rw_semaphore)


@dataclass(eq=False, slots=True)
class file:
    """An open file. Descriptors that were duplicated or inherited share it, and its position.

    Attributes
    ----------
    f_mode : :class:`int`
        FMODE_READ, FMODE_WRITE.
    f_flags : :class:`int`
        O_* as opened.
    f_pos : :class:`int`
        Position, a signed 64-bit number.
    f_count : :class:`int`
        Descriptors, mappings and system calls that refer to it.
    f_pos_lock : :class:`spinlock_t`
        Guards the position. (A mutex in Linux; here a task that waits keeps its processor.)
    private_data : :class:`object`
        The file system's own record of it.
    """

    f_inode: inode
    f_op:    file_operations
    f_mode:  int
    f_flags: int
    f_pos:   int = 0
    f_count: int = 1
    f_pos_lock: spinlock_t = field(default_factory=spinlock_t)
    private_data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class file_operations:
    """Operations of a kind of file. One that is absent fails as Linux says.

    Reading and writing take and return the position that C passes by reference: the result is
    the number of bytes, and the position behind them.

    Attributes
    ----------
    unsigned_offset : :class:`bool`
        FOP_UNSIGNED_OFFSET: positions are addresses, and those with the sign bit are legal.
    """

    llseek:  Callable[[Cpu, file, int, int], int]
    read:    Callable[[Cpu, file, int, int, int], Awaitable[tuple[int, int]]]
    write:   Callable[[Cpu, file, int, int, int], Awaitable[tuple[int, int]]]
    open:    Callable[[Cpu, inode, file], Awaitable[None]] | None = None
    release: Callable[[Cpu, inode, file], Awaitable[None]] | None = None
    mmap:    Callable[[Cpu, file, vm_area_struct], None]   | None = None
    unsigned_offset: bool = False


@dataclass(eq=False, slots=True)
class files_struct:
    """Descriptors of a process.

    Attributes
    ----------
    fdt : :class:`dict`
        Open files by descriptor.
    count : :class:`int`
        Tasks that share the table.
    """

    fdt:   dict[int, file] = field(default_factory=dict)
    count: int = 1


def get_file(filp: file) -> file:
    """Take a reference."""
    filp.f_count += 1
    return filp


@dataclass(eq=False, slots=True)
class address_space:
    """Pages of a file.

    Attributes
    ----------
    i_pages : :class:`dict`
        By page number in the file. The cache holds a reference on each.
    """

    i_pages: dict[int, page] = field(default_factory=dict)
