"""Queue of processors that wait for one event; options of wait().

Ref: Linux 6.12, include/linux/wait.h, include/uapi/linux/wait.h.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu


__all__ = [
    "WCONTINUED", "WNOHANG", "WUNTRACED", "__WALL", "__WCLONE", "__WNOTHREAD", "wait_queue_head_t",
]


WNOHANG      = 0x0000_0001  # do not wait
WUNTRACED    = 0x0000_0002  # tell of children that have stopped, too
WCONTINUED   = 0x0000_0008  # ... and of those that went on
__WNOTHREAD  = 0x2000_0000  # only for children of this thread
__WALL       = 0x4000_0000  # for all children, of either kind
__WCLONE     = 0x8000_0000  # only for those whose end is not told by SIGCHLD


class wait_queue_head_t:
    """Processors that wait for one event."""

    def __init__(self) -> None:
        self.waiters: list[Cpu] = []
