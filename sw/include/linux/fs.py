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
from .pipe_fs_i import pipe_inode_info
from .uio import iov_iter


__all__ = [
    "FMODE_LSEEK", "FMODE_PREAD", "FMODE_PWRITE", "FMODE_READ", "FMODE_WRITE", "MAX_LFS_FILESIZE",
    "MAX_NON_LFS", "O_ACCMODE", "O_APPEND", "O_CLOEXEC", "O_CREAT", "O_DIRECT", "O_EXCL",
    "O_LARGEFILE", "O_NONBLOCK", "O_RDONLY", "O_RDWR", "O_TRUNC", "O_WRONLY", "SEEK_CUR",
    "SEEK_DATA", "SEEK_END", "SEEK_HOLE", "SEEK_MAX", "SEEK_SET", "S_IALLUGO", "S_IFCHR", "S_IFIFO",
    "S_IFMT", "S_IFREG", "S_ISUID", "address_space", "address_space_operations", "file",
    "file_operations", "files_struct", "get_file", "inode", "inode_operations", "loff_t",
]


O_RDONLY    = 0o0
O_WRONLY    = 0o1
O_RDWR      = 0o2
O_ACCMODE   = 0o3
O_CREAT     = 0o100
O_EXCL      = 0o200
O_TRUNC     = 0o1000
O_APPEND    = 0o2000
O_NONBLOCK  = 0o4000
O_DIRECT    = 0o40000
O_LARGEFILE = 0o100000   #: A kernel of 64 bits sets it in all that is opened.
O_CLOEXEC   = 0o2000000

SEEK_SET  = 0
SEEK_CUR  = 1
SEEK_END  = 2
SEEK_DATA = 3
SEEK_HOLE = 4
SEEK_MAX  = SEEK_HOLE

S_IFMT  = 0o170000  #: The kind of a file, in its mode.
S_IFIFO = 0o010000
S_IFCHR = 0o020000
S_IFREG = 0o100000
S_ISUID = 0o004000  #: Programs in the file have its owner's rights.

S_IALLUGO = 0o7777  #: All bits of a mode but the kind.

#: Last position that a file can have.
MAX_LFS_FILESIZE = (1 << 63) - 1

#: Last position of file systems that say nothing else, such as those of pipes and of /proc.
MAX_NON_LFS = (1 << 31) - 1

FMODE_READ   = 0x01
FMODE_WRITE  = 0x02
FMODE_LSEEK  = 0x04  #: It has a position.
FMODE_PREAD  = 0x08  #: It can be read at any position.
FMODE_PWRITE = 0x10


def loff_t(value: int) -> int:
    """Take the low 64 bits of ``value`` as a signed number, as a file position is one."""
    return (value + (1 << 63) & (1 << 64) - 1) - (1 << 63)


@dataclass(eq=False, slots=True)
class inode:
    """A file, open or not.

    Attributes
    ----------
    i_mode : :class:`int`
        S_IF*, and the permission bits: owner, group, others.
    i_uid : :class:`int`
        Owner.
    i_fop : :class:`file_operations`
        Its operations.
    i_op : :class:`inode_operations` or :class:`None`
        Those that it has without being open; none if nothing about it is special.
    i_size : :class:`int`
        Bytes.
    i_mapping : :class:`address_space` or :class:`None`
        Its pages, if it keeps any.
    i_private : :class:`object`
        The file system's own record of it.
    s_maxbytes : :class:`int`
        Last position that a file of its file system can have.
    i_rwsem : :class:`rw_semaphore`
        Guards its contents and its size while it is written.
    """

    i_mode:    int
    i_uid:     int
    i_fop:     file_operations
    i_op:      inode_operations | None = None
    i_size:    int = 0
    i_mapping: address_space | None = None
    i_private: Any = None
    s_maxbytes: int = MAX_LFS_FILESIZE
    i_rwsem:   rw_semaphore = field(default_factory=rw_semaphore)


@dataclass(frozen=True, slots=True)
class inode_operations:
    """Operations of a kind of file, open or not.

    Attributes
    ----------
    setattr : callable
        ``await setattr(cpu, inode, size)`` gives it another size, or refuses that.
    """

    setattr: Callable[[Cpu, inode, int], Awaitable[None]]


@dataclass(eq=False, slots=True)
class file:
    """An open file. Descriptors that were duplicated or inherited share it, and its position.

    Attributes
    ----------
    f_mode : :class:`int`
        FMODE_*: what may be done.
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
    f_path : :class:`str`
        What it is called where mappings are listed.
    """

    f_inode: inode
    f_op:    file_operations
    f_mode:  int
    f_flags: int
    f_pos:   int = 0
    f_count: int = 1
    f_pos_lock: spinlock_t = field(default_factory=spinlock_t)
    private_data: Any = None
    f_path:  str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class file_operations:
    """Operations of a kind of file. One that is absent fails as Linux says.

    Reading and writing take and return the position that C passes by reference: the result is
    the number of bytes, and the position behind them.

    Attributes
    ----------
    read, write : callable or :class:`None`
        Of one buffer at a time.
    read_iter, write_iter : callable or :class:`None`
        Of all buffers of a call. A file has these or those.
    splice_read : callable or :class:`None`
        ``await splice_read(cpu, file, pos, pipe, len)`` gives a pipe references on its pages.
    splice_write : callable or :class:`None`
        ``await splice_write(cpu, pipe, file, pos, len, flags)`` takes bytes out of a pipe.
    fsync : callable or :class:`None`
        Writes it to its disk.
    fallocate : callable or :class:`None`
        ``await fallocate(cpu, file, mode, offset, len)`` makes pages for a range, or takes them.
    unlocked_ioctl : callable or :class:`None`
        ``await unlocked_ioctl(cpu, file, cmd, arg)`` follows a command of its own; the result.
    unsigned_offset : :class:`bool`
        FOP_UNSIGNED_OFFSET: positions are addresses, and those with the sign bit are legal.
    """

    llseek:     Callable[[Cpu, file, int, int], int] | None = None
    read:       Callable[[Cpu, file, int, int, int], Awaitable[tuple[int, int]]] | None = None
    write:      Callable[[Cpu, file, int, int, int], Awaitable[tuple[int, int]]] | None = None
    read_iter:  Callable[[Cpu, file, iov_iter, int], Awaitable[tuple[int, int]]] | None = None
    write_iter: Callable[[Cpu, file, iov_iter, int], Awaitable[tuple[int, int]]] | None = None
    open:       Callable[[Cpu, inode, file], Awaitable[None]] | None = None
    release:    Callable[[Cpu, inode, file], Awaitable[None]] | None = None
    mmap:       Callable[[Cpu, file, vm_area_struct], None]   | None = None
    splice_read: Callable[[Cpu, file, int, pipe_inode_info, int],
                          Awaitable[tuple[int, int]]] | None = None
    splice_write: Callable[[Cpu, pipe_inode_info, file, int, int, int],
                           Awaitable[tuple[int, int]]] | None = None
    fsync:      Callable[[Cpu, file], None]                      | None = None
    fallocate:  Callable[[Cpu, file, int, int, int], Awaitable[None]] | None = None
    unlocked_ioctl: Callable[[Cpu, file, int, int], Awaitable[int]]   | None = None
    unsigned_offset: bool = False


@dataclass(eq=False, slots=True)
class files_struct:
    """Descriptors of a process.

    Attributes
    ----------
    fdt : :class:`dict`
        Open files by descriptor; ``None`` where a number is taken for a file that is not there yet.
    close_on_exec : :class:`set` of :class:`int`
        Descriptors that another program does not get.
    count : :class:`int`
        Tasks that share the table.
    """

    fdt:           dict[int, file | None] = field(default_factory=dict)
    close_on_exec: set[int] = field(default_factory=set)
    count:         int = 1


def get_file(filp: file) -> file:
    """Take a reference."""
    filp.f_count += 1
    return filp


@dataclass(frozen=True, slots=True)
class address_space_operations:
    """Operations of a file system on the pages of its files.

    Attributes
    ----------
    write_begin : callable or :class:`None`
        ``write_begin(cpu, inode, pos, len)`` refuses a write within one page.
    read_hole : callable or :class:`None`
        ``read_hole(cpu)`` is the page, with a reference, that a reader gets where there is none. If
        absent, a page is made.
    """

    write_begin: Callable[[Cpu, inode, int, int], None] | None = None
    read_hole:   Callable[[Cpu], page] | None                  = None


@dataclass(eq=False, slots=True)
class address_space:
    """Pages of a file.

    Attributes
    ----------
    i_pages : :class:`dict`
        By page number in the file. The cache holds a reference on each.
    a_ops : :class:`address_space_operations`
        What its file system has to say about them.
    i_mmap : :class:`list` of :class:`vm_area_struct`
        Mappings of the file.
    i_mmap_rwsem : :class:`rw_semaphore`
        Keeps the page tables of these mappings.
    invalidate_lock : :class:`rw_semaphore`
        Keeps pages in the cache from a fault's look at it until the entry is set. (In Linux each
        page has a lock for that.)
    """

    i_pages: dict[int, page]      = field(default_factory=dict)
    a_ops:   address_space_operations = address_space_operations()
    i_mmap:  list[vm_area_struct] = field(default_factory=list)
    i_mmap_rwsem:    rw_semaphore = field(default_factory=rw_semaphore)
    invalidate_lock: rw_semaphore = field(default_factory=rw_semaphore)
