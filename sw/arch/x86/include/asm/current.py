"""The task that a processor executes.

Ref: Linux 6.12, arch/x86/include/asm/current.h.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.include.linux.fs import files_struct
from sw.include.linux.mm_types import mm_struct
from sw.include.linux.sched import task_struct
from sw.processor.cpu import Cpu
from sw.variables import DEFINE_PER_CPU, this_cpu_ptr


__all__ = ["current", "current_files", "current_mm", "pcpu_hot", "pcpu_hot_struct"]


@dataclass(eq=False, slots=True)
class pcpu_hot_struct:
    """Variables of a processor that are used all the time.

    Attributes
    ----------
    current_task : :class:`task_struct` or :class:`None`
        The task that executes; none before the idle task.
    """

    current_task: task_struct | None = None


pcpu_hot = DEFINE_PER_CPU(pcpu_hot_struct)


def current(cpu: Cpu) -> task_struct:
    """Return the current task, where there must be one."""
    task = this_cpu_ptr(cpu, pcpu_hot).current_task
    assert task is not None, "BUG: no task runs yet"
    return task


def current_mm(cpu: Cpu) -> mm_struct:
    """Return the current task's address space, where it must have one."""
    mm = current(cpu).mm
    assert mm is not None, "BUG: the current task has no address space"
    return mm


def current_files(cpu: Cpu) -> files_struct:
    """Return the current task's descriptors, where it must have some."""
    files = current(cpu).files
    assert files is not None, "BUG: the current task has no files"
    return files
