"""Work of each processor.

Ref: Linux 6.12, kernel/sched/sched.h (struct rq), kernel/sched/core.c (runqueues).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sw.include.linux.completion import completion
from sw.include.linux.sched import task_struct
from sw.variables import DEFINE_PER_CPU


__all__ = ["activate_task", "rq", "runqueues"]


@dataclass(eq=False, slots=True)
class rq:
    """Work of one processor.

    Attributes
    ----------
    idle : :class:`task_struct` or :class:`None`
        The task that it executes when there is no other.
    programs : :class:`list`
        Programs that wait for it to be idle, each with the :class:`completion` of its caller.
    woken : :class:`list` of :class:`task_struct`
        Tasks that got a signal while no processor executed them.
    sleeping : :class:`bool`
        It waits to be woken up.
    """

    idle:     task_struct | None = None
    programs: list[tuple[Callable[..., Awaitable[Any]], completion]] = field(default_factory=list)
    woken:    list[task_struct]  = field(default_factory=list)
    sleeping: bool               = False


runqueues = DEFINE_PER_CPU(rq)


def activate_task(queue: rq, task: task_struct) -> None:
    """Have a processor look at the signals of a task that nobody executes."""
    if not task.on_rq and not task.exit_state:
        task.on_rq = True
        queue.woken.append(task)
