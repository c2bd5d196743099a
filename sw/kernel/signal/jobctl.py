"""Marks of tasks that are to stop or have stopped; and tasks made to look at theirs.

Ref: Linux 6.12, kernel/signal.c.
"""

from sw.arch.x86.include.asm.smp import smp_send_reschedule
from sw.include.linux.sched import (
    JOBCTL_LISTENING, JOBCTL_STOP_CONSUME, JOBCTL_STOP_DEQUEUED, JOBCTL_STOP_PENDING,
    JOBCTL_STOPPED, JOBCTL_STOP_SIGMASK, JOBCTL_TRACED, JOBCTL_TRAP_NOTIFY,
    TASK_RUNNING, fatal_signal_pending, task_struct,
)
from sw.include.linux.signal_types import SIGNAL_STOP_CONTINUED, SIGNAL_STOP_STOPPED
from sw.kernel.sched.sched import activate_task, runqueues
from sw.processor.cpu import Cpu
from sw.variables import this_cpu_ptr


__all__ = [
    "ptrace_signal_wake_up", "ptrace_trap_notify", "signal_set_stop_flags", "signal_wake_up",
    "task_clear_jobctl_pending", "task_participate_group_stop", "task_set_jobctl_pending",
]


def task_set_jobctl_pending(task: task_struct, mask: int) -> bool:
    """Have a task stop. False if it is dying, and will not."""
    if fatal_signal_pending(task) or task.exit_state:
        return False
    if mask & JOBCTL_STOP_SIGMASK:
        task.jobctl &= ~JOBCTL_STOP_SIGMASK
    task.jobctl |= mask
    return True


def task_clear_jobctl_pending(task: task_struct, mask: int) -> None:
    """Have it not stop after all. With JOBCTL_STOP_PENDING it is not counted any more either."""
    if mask & JOBCTL_STOP_PENDING:
        mask |= JOBCTL_STOP_CONSUME | JOBCTL_STOP_DEQUEUED
    task.jobctl &= ~mask


def signal_set_stop_flags(task: task_struct, flags: int) -> None:
    """Note that the task's process has stopped, or went on."""
    task.signal.flags &= ~(SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED)
    task.signal.flags |= flags


def task_participate_group_stop(task: task_struct) -> bool:
    """Take the task's part in the stop of its process. True if it was the last to do so."""
    signal  = task.signal
    counted = task.jobctl & JOBCTL_STOP_CONSUME
    task_clear_jobctl_pending(task, JOBCTL_STOP_PENDING)
    if not counted:
        return False
    signal.group_stop_count = max(0, signal.group_stop_count - 1)
    if signal.group_stop_count or signal.flags & SIGNAL_STOP_STOPPED:
        return False
    signal_set_stop_flags(task, SIGNAL_STOP_STOPPED)
    return True


async def signal_wake_up(cpu: Cpu, task: task_struct, fatal: bool = False) -> None:
    """Make a task notice its signals: by an interrupt, if another processor executes it.

    One that nobody executes goes on by itself as far as its program, where it may stop or die. One
    that has stopped, or waits, does so only for a ``fatal`` signal.
    """
    if fatal:
        task.state   = TASK_RUNNING
        task.jobctl &= ~(JOBCTL_STOPPED | JOBCTL_TRACED)
    if task.on_cpu is None:
        activate_task(this_cpu_ptr(cpu, runqueues), task)
    elif task.on_cpu is not cpu:
        await smp_send_reschedule(cpu, task.on_cpu)


async def ptrace_signal_wake_up(cpu: Cpu, task: task_struct, resume: bool) -> None:
    """Make a traced task notice its marks; even if it has stopped, with ``resume``."""
    if resume:
        task.jobctl &= ~(JOBCTL_TRACED | JOBCTL_LISTENING)
    await signal_wake_up(cpu, task)


async def ptrace_trap_notify(cpu: Cpu, task: task_struct) -> None:
    """Have a seized task tell its tracer that the process stops or goes on."""
    task_set_jobctl_pending(task, JOBCTL_TRAP_NOTIFY)
    await ptrace_signal_wake_up(cpu, task, bool(task.jobctl & JOBCTL_LISTENING))
