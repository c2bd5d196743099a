"""Queue of processors that wait for one event.

Ref: Linux 6.12, include/linux/wait.h.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu


__all__ = ["wait_queue_head_t"]


class wait_queue_head_t:
    """Processors that wait for one event."""

    def __init__(self) -> None:
        self.waiters: list[Cpu] = []
