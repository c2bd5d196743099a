"""The task that a processor executes.

Ref: Linux 6.12, arch/x86/include/asm/current.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sw.include.linux.fs import files_struct
    from sw.include.linux.mm_types import mm_struct
    from sw.include.linux.sched import task_struct
    from sw.processor.cpu import Cpu


__all__ = ["current", "current_files", "current_mm"]


def current(cpu: Cpu) -> task_struct:
    """Return the current task, where there must be one."""
    assert cpu.current is not None, "BUG: no task runs yet"
    return cpu.current


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
