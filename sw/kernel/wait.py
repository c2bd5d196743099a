"""Wait queues: sleeping until another processor wakes us up.

Ref: Linux 6.12, kernel/sched/wait.c.

A task here does not leave its processor while it is inside the kernel, so only another processor
can wake it. When all of them sleep, nothing ever will: that is a mistake, and is said at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .locking import cpu_relax

if TYPE_CHECKING:
    from sw.arch.x86.kernel.cpu import Cpu


__all__ = ["sleep_on", "wait_queue_head_t", "waitqueue_active", "wake_up"]


class wait_queue_head_t:
    """Processors that wait for one event."""

    def __init__(self) -> None:
        self.waiters: list[Cpu] = []


def waitqueue_active(head: wait_queue_head_t) -> bool:
    """Does anybody wait?"""
    return bool(head.waiters)


async def sleep_on(cpu: Cpu, head: wait_queue_head_t) -> None:
    """Wait until :func:`wake_up` is called for ``head``."""
    head.waiters.append(cpu)
    cpu.sleeping = True
    while cpu in head.waiters:
        assert not all(other.sleeping for other in cpu.kernel.cpus), (
            "BUG: would sleep for ever: no processor is left that could wake this one up"
        )
        await cpu_relax(cpu)


def wake_up(head: wait_queue_head_t) -> None:
    """Wake everybody who waits."""
    for cpu in head.waiters:
        cpu.sleeping = False
    head.waiters.clear()
