"""Dispositions of signals, and the mask of those that wait.

Ref: Linux 6.12, kernel/signal.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.include.linux.sched import PF_KTHREAD, task_struct
from sw.include.linux.signal import (
    SIG_KERNEL_IGNORE_MASK, SIG_KERNEL_ONLY_MASK, SIG_KERNEL_STOP_MASK, siginmask, sigmask,
    valid_signal,
)
from sw.include.linux.signal_types import (
    SIG_BLOCK, SIG_DFL, SIG_HANDLER, SIG_IGN, SIG_SETMASK, SIG_UNBLOCK, SIGKILL, kernel_siginfo,
)
from sw.kernel.pid import init_pid_ns
from sw.processor.cpu import Cpu


__all__ = [
    "do_sigaction", "flush_process", "for_each_thread", "sig_fatal", "sig_handler", "sig_ignored",
    "sys_rt_sigaction", "sys_rt_sigprocmask", "thread_group_empty",
]


#: Bytes of a set of signals.
_SIGSET_SIZE = 8


def for_each_thread(cpu: Cpu, task: task_struct) -> list[task_struct]:
    """Return the living threads of a process, ``task`` first if it is one of them."""
    alive = [other for other in init_pid_ns(cpu).tasks.values()
             if other.signal is task.signal and not other.exit_state]
    return sorted(alive, key=lambda other: other is not task)


def thread_group_empty(cpu: Cpu, task: task_struct) -> bool:
    """Tell whether no other thread of the task's process is left, but a first one that has ended.

    Of the others a dead one is left if its tracer has not waited for it.
    """
    return all(other is task or other.pid == other.tgid and other.exit_state
               for other in init_pid_ns(cpu).tasks.values() if other.signal is task.signal)


def sig_handler(task: task_struct, signo: int) -> int:
    """Return the disposition of a signal."""
    return task.sighand.action.get(signo, SIG_DFL)


def sig_ignored(task: task_struct, signo: int) -> bool:
    """Tell whether the signal would do nothing. A blocked one may do something yet.

    A tracer wants to know of all but SIGKILL.
    """
    if siginmask(signo, task.blocked) or task.ptrace and signo != SIGKILL:
        return False
    handler = sig_handler(task, signo)
    return bool(task.flags & PF_KTHREAD or handler == SIG_IGN
                or handler == SIG_DFL and siginmask(signo, SIG_KERNEL_IGNORE_MASK))


def sig_fatal(task: task_struct, signo: int) -> bool:
    """Tell whether the signal kills by its disposition."""
    return (not siginmask(signo, SIG_KERNEL_IGNORE_MASK | SIG_KERNEL_STOP_MASK)
            and sig_handler(task, signo) == SIG_DFL)


def flush_sigqueue_mask(pending: list[kernel_siginfo], mask: int) -> None:
    """Forget the signals of a set (flush_sigqueue_mask)."""
    pending[:] = [info for info in pending if not siginmask(info.si_signo, mask)]


def flush_process(cpu: Cpu, task: task_struct, mask: int) -> None:
    """Forget the signals of a set that wait for a process or any thread of it."""
    flush_sigqueue_mask(task.signal.shared_pending, mask)
    for thread in for_each_thread(cpu, task):
        flush_sigqueue_mask(thread.pending, mask)


def do_sigaction(cpu: Cpu, signo: int, action: int) -> int:
    """Set the disposition of ``signo``; return the one before.

    Those that wait and would do nothing from now on are forgotten, even if they are blocked.
    Raises EINVAL if there is no such signal, and for SIGKILL and SIGSTOP.
    """
    if (not valid_signal(signo) or signo < 1 or siginmask(signo, SIG_KERNEL_ONLY_MASK)
            or action not in (SIG_DFL, SIG_IGN, SIG_HANDLER)):
        raise KernelError(Errno.EINVAL)
    task   = current(cpu)
    before = sig_handler(task, signo)
    task.sighand.action[signo] = action
    if action == SIG_IGN or action == SIG_DFL and siginmask(signo, SIG_KERNEL_IGNORE_MASK):
        flush_process(cpu, task, sigmask(signo))
    return before


def sigprocmask(cpu: Cpu, how: int, mask: int) -> None:
    """Change the current task's mask. Raises EINVAL for another way than the three."""
    task = current(cpu)
    if how == SIG_BLOCK:
        task.blocked |= mask
    elif how == SIG_UNBLOCK:
        task.blocked &= ~mask
    elif how == SIG_SETMASK:
        task.blocked = mask
    else:
        raise KernelError(Errno.EINVAL)


async def sys_rt_sigaction(cpu: Cpu, signo: int, action: int) -> int:
    """Set the disposition of a signal; the result is the one before."""
    return do_sigaction(cpu, signo, action)


async def sys_rt_sigprocmask(cpu: Cpu, how: int, nset: int, oset: int, sigsetsize: int) -> int:
    """Block the signals of the set at ``nset``, or let them through; SIGKILL and SIGSTOP are not.

    The set before goes to ``oset``. Raises EINVAL if a set has another size, EFAULT.
    """
    if sigsetsize != _SIGSET_SIZE:
        raise KernelError(Errno.EINVAL)
    before = current(cpu).blocked
    if nset:
        sigprocmask(cpu, how, await get_user(cpu, nset, _SIGSET_SIZE) & ~SIG_KERNEL_ONLY_MASK)
    if oset:
        await put_user(cpu, before, oset, _SIGSET_SIZE)
    return 0
