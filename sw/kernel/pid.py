"""Numbers of tasks.

Ref: Linux 6.12, kernel/pid.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sw.include.linux.sched import task_struct
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = ["alloc_pid", "find_task_by_vpid", "init_pid_ns", "pid_namespace"]


@dataclass(eq=False, slots=True)
class pid_namespace:
    """Tasks by number.

    Attributes
    ----------
    tasks : :class:`dict`
        Those that live, and those that are dead and have not been waited for.
    last_pid : :class:`int`
        Number of the youngest.
    """

    tasks:    dict[int, task_struct] = field(default_factory=dict)
    last_pid: int                    = 0


init_pid_ns = DEFINE(pid_namespace)


def alloc_pid(cpu: Cpu) -> int:
    """Return a number that no task has had."""
    ns = init_pid_ns(cpu)
    ns.last_pid += 1
    return ns.last_pid


def find_task_by_vpid(cpu: Cpu, pid: int) -> task_struct | None:
    """Return the task ``pid``, dead or alive, that nobody has waited for yet."""
    return init_pid_ns(cpu).tasks.get(pid)
