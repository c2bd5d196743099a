"""Order in which a task gets the signals that wait for it.

Ref: Linux 6.12, kernel/signal.c.

A handler blocks nothing while it executes, as with SA_NODEFER.
"""

from sw.include.linux.sched import fatal_signal_pending, task_struct
from sw.include.linux.signal import SYNCHRONOUS_MASK, siginmask
from sw.include.linux.signal_types import (
    SI_KERNEL, SIG_HANDLER, SIGKILL, kernel_siginfo,
)

from .action import sig_fatal, sig_handler


__all__ = ["get_signal", "will_die"]


def _next_signal(pending: list[kernel_siginfo], blocked: int) -> kernel_siginfo | None:
    """Return the next one of a queue: what instructions cause first, then the lowest number."""
    return min((info for info in pending if not siginmask(info.si_signo, blocked)), default=None,
               key=lambda info: (not siginmask(info.si_signo, SYNCHRONOUS_MASK), info.si_signo))


def dequeue_signal(task: task_struct) -> kernel_siginfo | None:
    """Take the task's next signal: one for this thread first, then one for the process.

    Nobody sends a signal to one thread, so that of the instruction just done is before all others
    (dequeue_synchronous_signal).
    """
    for pending in (task.pending, task.signal.shared_pending):
        info = _next_signal(pending, task.blocked)
        if info is not None:
            pending.remove(info)
            return info
    return None


def get_signal(task: task_struct) -> kernel_siginfo | None:
    """Take the next signal that has a handler or kills; ``None`` if there is none.

    The end of the process comes before all others, as the signal that brought it.
    """
    if task.signal.group_exit_code is not None or fatal_signal_pending(task):
        signo = task.signal.group_exit_code or SIGKILL
        return next((info for info in task.signal.shared_pending + task.pending
                     if info.si_signo == signo), kernel_siginfo(SIGKILL, SI_KERNEL))
    while (info := dequeue_signal(task)) is not None:
        if sig_handler(task, info.si_signo) == SIG_HANDLER or sig_fatal(task, info.si_signo):
            return info
    return None


def will_die(task: task_struct) -> bool:
    """Tell whether a signal that waits for the task kills it, without an instruction before."""
    return fatal_signal_pending(task) or any(
        sig_fatal(task, info.si_signo) and not siginmask(info.si_signo, task.blocked)
        for info in task.pending + task.signal.shared_pending)
