"""Process groups that have no parent outside who could let them go on after a stop.

Ref: Linux 6.12, kernel/exit.c.
"""

from sw.include.linux.sched import task_struct
from sw.include.linux.signal_types import (
    SI_KERNEL, SIGCONT, SIGHUP, SIGNAL_SHELL_JOB, SIGNAL_STOP_STOPPED, kernel_siginfo,
)
from sw.kernel.pid import init_pid_ns
from sw.kernel.signal.send import send_signal
from sw.processor.cpu import Cpu


__all__ = ["is_current_pgrp_orphaned", "kill_orphaned_pgrp"]


def _members(cpu: Cpu, pgrp: int) -> list[task_struct]:
    """Return the first threads of the processes of a group, also of those that have ended."""
    return [task for task in init_pid_ns(cpu).tasks.values()
            if task.pid == task.tgid and task.signal.pgrp == pgrp]


def will_become_orphaned_pgrp(cpu: Cpu, pgrp: int, ignored: task_struct | None) -> bool:
    """Tell whether no member but ``ignored`` has a parent in another group of the session."""
    for task in _members(cpu, pgrp):
        if task is ignored or task.exit_state:
            continue
        if task.signal.flags & SIGNAL_SHELL_JOB:
            return False
        parent = task.real_parent
        if (parent is not None and parent.signal.pgrp != pgrp
                and parent.signal.session == task.signal.session):
            return False
    return True


def is_current_pgrp_orphaned(cpu: Cpu, task: task_struct) -> bool:
    """Tell that of the group of ``task``. Terminals do not stop such a group."""
    return will_become_orphaned_pgrp(cpu, task.signal.pgrp, None)


async def kill_orphaned_pgrp(cpu: Cpu, task: task_struct, parent: task_struct | None) -> None:
    """Let a group go on, after SIGHUP, if it has stopped and the end of ``task`` has orphaned it.

    The group of ``task``, which its parent was outside of; or with ``parent``, which has ended, the
    group of its child ``task``.
    """
    ignored = task if parent is None else None
    parent  = parent or task.real_parent
    outside = (task.signal.flags & SIGNAL_SHELL_JOB or parent is not None
               and parent.signal.pgrp != task.signal.pgrp
               and parent.signal.session == task.signal.session)
    pgrp = task.signal.pgrp
    if not outside or not will_become_orphaned_pgrp(cpu, pgrp, ignored):
        return
    if any(member.signal.flags & SIGNAL_STOP_STOPPED for member in _members(cpu, pgrp)):
        for signo in (SIGHUP, SIGCONT):
            for member in _members(cpu, pgrp):
                await send_signal(cpu, member, kernel_siginfo(signo, SI_KERNEL))
