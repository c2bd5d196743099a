"""Pipes: a ring of references on pages, which need not be the pipe's own.

Ref: Linux 6.12, include/linux/pipe_fs_i.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sw.kernel.locking.spinlock import spinlock_t

from .mm_types import page


__all__ = ["PIPE_BUF_FLAG_CAN_MERGE", "PIPE_DEF_BUFFERS", "pipe_buffer", "pipe_inode_info"]


PIPE_BUF_FLAG_CAN_MERGE = 0x10  #: The page is the pipe's own, and more may be written to it.

#: Pages that a pipe can hold, unless it was told otherwise.
PIPE_DEF_BUFFERS = 16


@dataclass(eq=False, slots=True)
class pipe_buffer:
    """Bytes of one page that wait in a pipe.

    Attributes
    ----------
    page : :class:`sw.include.linux.mm_types.page`
        With a reference: of the pipe alone, of a program that spliced it, or of a file.
    offset, len : :class:`int`
        The first of the bytes, and their number.
    flags : :class:`int`
        PIPE_BUF_FLAG_*.
    """

    page:   page
    offset: int
    len:    int
    flags:  int = 0


@dataclass(eq=False, slots=True)
class pipe_inode_info:
    """A pipe.

    Attributes
    ----------
    bufs : :class:`list` of :class:`pipe_buffer`
        What was written and not yet read, the oldest first.
    max_usage : :class:`int`
        Most of them.
    readers, writers : :class:`int`
        Open files of each end.
    mutex : :class:`spinlock_t`
        Guards the rest. (A mutex in Linux; here a task that waits keeps its processor.)
    """

    bufs:      list[pipe_buffer] = field(default_factory=list)
    max_usage: int               = PIPE_DEF_BUFFERS
    readers:   int               = 0
    writers:   int               = 0
    mutex:     spinlock_t        = field(default_factory=spinlock_t)
