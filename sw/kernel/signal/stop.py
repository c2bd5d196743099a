"""Stops: of a whole process by a signal, and of one task for its tracer.

Ref: Linux 6.12, kernel/signal.c.

A task that stops leaves its processor in C. Here its program does: :class:`Stopped` goes to it, and
nothing of it is executed until somebody lets the task go on.
"""

from contextlib import suppress
from typing import NoReturn

from sw.include.linux.ptrace import (
    PT_OPT_FLAG_SHIFT, PT_PTRACED, PT_SEIZED, PTRACE_EVENT_STOP,
)
from sw.include.linux.sched import (
    JOBCTL_STOP_CONSUME, JOBCTL_STOP_DEQUEUED, JOBCTL_STOP_PENDING, JOBCTL_STOP_SIGMASK,
    JOBCTL_STOPPED, JOBCTL_TRACED, JOBCTL_TRAP_NOTIFY, JOBCTL_TRAP_STOP, task_is_stopped_or_traced,
    task_struct,
)
from sw.include.linux.signal_types import (
    CLD_STOPPED, CLD_TRAPPED, SIGNAL_STOP_STOPPED, SIGTRAP, Stopped, kernel_siginfo,
)
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .action import for_each_thread
from .jobctl import (
    ptrace_trap_notify, signal_wake_up, task_clear_jobctl_pending, task_participate_group_stop,
    task_set_jobctl_pending,
)
from .send import do_notify_parent_cldstop


__all__ = ["do_jobctl_trap", "do_signal_stop", "ptrace_event", "ptrace_signal_stop"]


async def _begin_group_stop(cpu: Cpu, task: task_struct, signo: int) -> bool:
    """Mark all threads of a process to stop. False if SIGCONT or the end has come before."""
    signal = task.signal
    if not task.jobctl & JOBCTL_STOP_DEQUEUED or signal.group_exit_code is not None:
        return False
    if not signal.flags & SIGNAL_STOP_STOPPED:
        signal.group_stop_code = signo
    signal.group_stop_count = 0
    mark = signo | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME
    if task_set_jobctl_pending(task, mark):
        signal.group_stop_count += 1
    for thread in for_each_thread(cpu, task):
        if thread is task or task_is_stopped_or_traced(thread):
            continue
        if task_set_jobctl_pending(thread, mark):
            signal.group_stop_count += 1
            if thread.ptrace & PT_SEIZED:
                await ptrace_trap_notify(cpu, thread)
            else:
                await signal_wake_up(cpu, thread)
    return True


@traced
async def do_signal_stop(cpu: Cpu, task: task_struct, signo: int) -> None:
    """Stop a task with its process, because of ``signo``, or of one that another thread has taken.

    Raises :class:`Stopped`. It does nothing if the stop is undone already, and only marks a traced
    task, which stops for its tracer.
    """
    if not task.jobctl & JOBCTL_STOP_PENDING and not await _begin_group_stop(cpu, task, signo):
        return
    if task.ptrace:
        task_set_jobctl_pending(task, JOBCTL_TRAP_STOP)
        return
    last = task_participate_group_stop(task)
    task.jobctl |= JOBCTL_STOPPED
    if last:
        await do_notify_parent_cldstop(cpu, task, for_ptracer=False, why=CLD_STOPPED)
    raise Stopped(task.jobctl & JOBCTL_STOP_SIGMASK)


@traced
async def ptrace_stop(cpu: Cpu, task: task_struct, exit_code: int, why: int,
                      info: kernel_siginfo | None, message: int = 0) -> NoReturn:
    """Stop a traced task, and tell its tracer (CLD_*). Raises :class:`Stopped`."""
    task.jobctl        |= JOBCTL_TRACED
    task.ptrace_message = message
    task.last_siginfo   = info
    task.exit_code      = exit_code
    group_stop_done = (why == CLD_STOPPED and task.jobctl & JOBCTL_STOP_PENDING
                       and task_participate_group_stop(task))
    task_clear_jobctl_pending(task, JOBCTL_TRAP_STOP)
    if info is not None and info.si_code >> 8 == PTRACE_EVENT_STOP:
        task_clear_jobctl_pending(task, JOBCTL_TRAP_NOTIFY)
    await do_notify_parent_cldstop(cpu, task, for_ptracer=True, why=why)
    if group_stop_done and task.parent is not task.real_parent:
        await do_notify_parent_cldstop(cpu, task, for_ptracer=False, why=why)
    raise Stopped(exit_code & 0x7F)


async def ptrace_do_notify(cpu: Cpu, task: task_struct, signo: int, exit_code: int, why: int,
                           message: int = 0) -> NoReturn:
    """Stop a traced task for an event, which is above the signal in ``exit_code``."""
    info = kernel_siginfo(signo, exit_code, si_pid=task.pid, si_uid=task.cred.uid)
    await ptrace_stop(cpu, task, exit_code, why, info, message)


@traced
async def do_jobctl_trap(cpu: Cpu, task: task_struct) -> NoReturn:
    """Stop a traced task because its process stops, or because its tracer wants it to."""
    signal, signo = task.signal, task.jobctl & JOBCTL_STOP_SIGMASK
    if not task.ptrace & PT_SEIZED:
        await ptrace_stop(cpu, task, signo, CLD_STOPPED, None)
    if not signal.group_stop_count and not signal.flags & SIGNAL_STOP_STOPPED:
        signo = SIGTRAP
    await ptrace_do_notify(cpu, task, signo, signo | PTRACE_EVENT_STOP << 8, CLD_STOPPED)


async def ptrace_signal_stop(cpu: Cpu, task: task_struct, info: kernel_siginfo) -> NoReturn:
    """Stop a traced task that has taken a signal, until its tracer says which one it gets."""
    # A stop signal that the tracer lets through stops the process, unless SIGCONT comes before.
    task.jobctl    |= JOBCTL_STOP_DEQUEUED
    task.delivering = info
    await ptrace_stop(cpu, task, info.si_signo, CLD_TRAPPED, info)


async def ptrace_event(cpu: Cpu, task: task_struct, event: int, message: int) -> bool:
    """Stop a traced task for an event that its tracer has asked for.

    The system call goes on; what follows it does not. False if the tracer is to be told of it by
    SIGTRAP, as those were before there were events.
    """
    if task.ptrace & 1 << event + PT_OPT_FLAG_SHIFT:
        with suppress(Stopped):
            await ptrace_do_notify(cpu, task, SIGTRAP, SIGTRAP | event << 8, CLD_TRAPPED, message)
        return True
    return task.ptrace & (PT_PTRACED | PT_SEIZED) != PT_PTRACED
