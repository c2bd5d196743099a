"""Order in which a task gets the signals that wait for it; and those that stop it.

Ref: Linux 6.12, kernel/signal.c.

A handler blocks nothing while it executes, as with SA_NODEFER.
"""

from sw.include.linux.sched import (
    JOBCTL_STOP_DEQUEUED, JOBCTL_STOP_PENDING, JOBCTL_TRAP_MASK, fatal_signal_pending, task_struct,
)
from sw.include.linux.signal import (
    SIG_KERNEL_STOP_MASK, SYNCHRONOUS_MASK, siginmask,
)
from sw.include.linux.signal_types import (
    SI_KERNEL, SI_USER, SIG_DFL, SIG_HANDLER, SIGKILL, SIGSTOP, kernel_siginfo,
)
from sw.kernel.exit.orphan import is_current_pgrp_orphaned
from sw.processor.cpu import Cpu

from .action import sig_fatal, sig_handler
from .send import send_signal
from .stop import do_jobctl_trap, do_signal_stop, ptrace_signal_stop


__all__ = ["get_signal"]


def _next_signal(task: task_struct, pending: list[kernel_siginfo],
                 program: bool) -> kernel_siginfo | None:
    """Return the next one of a queue: what instructions cause first, then the lowest number.

    Without the ``program`` none that it has a handler for, unless a tracer is to be told of it.
    """
    waiting = (info for info in pending if not siginmask(info.si_signo, task.blocked)
               and (program or task.ptrace or sig_handler(task, info.si_signo) != SIG_HANDLER))
    return min(waiting, default=None,
               key=lambda info: (not siginmask(info.si_signo, SYNCHRONOUS_MASK), info.si_signo))


def dequeue_signal(task: task_struct, program: bool) -> kernel_siginfo | None:
    """Take the task's next signal: one for this thread first, then one for the process.

    That of the instruction just done is before all others (dequeue_synchronous_signal).
    """
    for pending in (task.pending, task.signal.shared_pending):
        info = _next_signal(task, pending, program)
        if info is not None:
            pending.remove(info)
            if siginmask(info.si_signo, SIG_KERNEL_STOP_MASK):
                task.jobctl |= JOBCTL_STOP_DEQUEUED
            return info
    return None


async def ptrace_signal(cpu: Cpu, task: task_struct) -> kernel_siginfo | None:
    """Return the signal that the tracer has chosen in the place of the one that it was told of.

    ``None`` if it has chosen none, or one that is blocked, which waits then.
    """
    info, signo = task.delivering, task.exit_code
    assert info is not None, "BUG: no signal was taken"
    task.delivering, task.exit_code = None, 0
    if not signo:
        return None
    if signo != info.si_signo:
        parent = task.parent
        info   = kernel_siginfo(signo, SI_USER, si_pid=parent.tgid if parent else 0,
                                si_uid=parent.cred.uid if parent else 0)
    if siginmask(signo, task.blocked):
        await send_signal(cpu, task, info, shared=False)
        return None
    return info


async def _take(cpu: Cpu, task: task_struct, program: bool) -> kernel_siginfo | None:
    """Take the next signal, of which the tracer was told if there is one; ``None`` at the end."""
    while task.delivering is not None:
        info = await ptrace_signal(cpu, task)
        if info is not None:
            return info
    info = dequeue_signal(task, program)
    if info is not None and task.ptrace and info.si_signo != SIGKILL:
        await ptrace_signal_stop(cpu, task, info)
    return info


async def get_signal(cpu: Cpu, task: task_struct, *,
                     program: bool = True) -> kernel_siginfo | None:
    """Take the next signal that has a handler or kills; ``None`` if there is none.

    The end of the process comes before all others, as the signal that brought it. Where the task is
    to stop, :class:`.signal_types.Stopped` is raised.

    Without the ``program``, which is elsewhere, a signal with a handler is left for it, and one
    that kills is returned, but not taken.
    """
    if task.signal.group_exit_code is not None or fatal_signal_pending(task):
        signo = task.signal.group_exit_code or SIGKILL
        return next((info for info in task.signal.shared_pending + task.pending
                     if info.si_signo == signo), kernel_siginfo(SIGKILL, SI_KERNEL))
    while True:
        if task.jobctl & JOBCTL_STOP_PENDING:
            await do_signal_stop(cpu, task, 0)
        if task.jobctl & JOBCTL_TRAP_MASK:
            await do_jobctl_trap(cpu, task)
        info = await _take(cpu, task, program)
        if info is None:
            return None
        signo   = info.si_signo
        handled = sig_handler(task, signo) == SIG_HANDLER
        if handled or sig_fatal(task, signo):
            if not program:
                task.delivering, task.exit_code = info, signo
            return None if handled and not program else info
        if siginmask(signo, SIG_KERNEL_STOP_MASK) and sig_handler(task, signo) == SIG_DFL:
            if signo == SIGSTOP or not is_current_pgrp_orphaned(cpu, task):
                await do_signal_stop(cpu, task, signo)
