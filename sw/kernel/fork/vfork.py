"""A parent that waits for the child that has its memory.

Ref: Linux 6.12, kernel/fork.c.

A task that waits leaves its processor in C. Here its program does, as one does that has stopped:
the system call is done, and nothing behind it is executed before the child is.
"""

from sw.include.linux.sched import (
    TASK_KILLABLE, TASK_RUNNING, fatal_signal_pending, signal_pending, task_struct,
)
from sw.kernel.signal.jobctl import signal_wake_up
from sw.processor.cpu import Cpu


__all__ = ["complete_vfork_done", "wait_for_vfork_done"]


def wait_for_vfork_done(child: task_struct, parent: task_struct) -> None:
    """Let the parent wait until its child begins another program or ends; or until it dies.

    Other signals wait with it, those that stop it too.
    """
    if not fatal_signal_pending(parent):
        child.vfork_done = parent
        parent.state     = TASK_KILLABLE


async def complete_vfork_done(cpu: Cpu, task: task_struct) -> None:
    """Let the parent go on that waits for ``task``, if one does and lives."""
    parent, task.vfork_done = task.vfork_done, None
    if parent is not None and parent.state:
        parent.state = TASK_RUNNING
        if signal_pending(parent):
            await signal_wake_up(cpu, parent)
