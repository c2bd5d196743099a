"""Queue of processors that wait for one event; options of wait().

Ref: Linux 6.12, include/linux/wait.h, include/uapi/linux/wait.h.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu


__all__ = [
    "P_ALL", "P_PGID", "P_PID", "P_PIDFD", "WCONTINUED", "WEXITED", "WNOHANG", "WNOWAIT",
    "WSTOPPED", "WUNTRACED", "__WALL", "__WCLONE", "__WNOTHREAD", "wait_queue_head_t",
]


WNOHANG      = 0x0000_0001  # do not wait
WUNTRACED    = 0x0000_0002  # tell of children that have stopped, too
WSTOPPED     = WUNTRACED    # ... as waitid() calls it
WEXITED      = 0x0000_0004  # tell of children that have ended; wait4() always does
WCONTINUED   = 0x0000_0008  # ... and of those that went on
WNOWAIT      = 0x0100_0000  # tell it again to whoever asks next
__WNOTHREAD  = 0x2000_0000  # only for children of this thread
__WALL       = 0x4000_0000  # for all children, of either kind
__WCLONE     = 0x8000_0000  # only for those whose end is not told by SIGCHLD

# Whom waitid() waits for.
P_ALL   = 0
P_PID   = 1
P_PGID  = 2
P_PIDFD = 3


class wait_queue_head_t:
    """Processors that wait for one event."""

    def __init__(self) -> None:
        self.waiters: list[Cpu] = []
