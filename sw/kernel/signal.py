"""Signals: from the fault or the sender to the program's handler, or to its death.

Ref: Linux 6.12, kernel/signal.c and arch/x86/kernel/signal.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.sched import find_task_by_vpid, signal_wake_up, task_struct
from sw.include.linux.signal_types import (
    SI_USER, SIG_DFL, SIG_HANDLER, SIG_IGN, SIGKILL, Killed, Signal, kernel_siginfo, valid_signal,
)
from sw.processor.cpu import Cpu

from .exit import do_group_exit
from .trace.ftrace import traced


__all__ = [
    "arch_do_signal_or_restart", "do_sigaction", "force_sig_fault", "kill_something_info",
    "send_signal",
]


@traced
async def force_sig_fault(cpu: Cpu, signo: int, si_code: int, address: int,
                          error_code: int) -> None:
    """Send the current task a signal for what it just did; it cannot be ignored.

    It is delivered on the way back to the program.
    """
    task = current(cpu)
    if task.sighand.action.get(signo) == SIG_IGN:
        task.sighand.action[signo] = SIG_DFL
    task.pending.append(kernel_siginfo(signo, si_code, address, error_code))


async def send_signal(cpu: Cpu, task: task_struct, signo: int) -> None:
    """Send ``task`` a signal from another task."""
    if task.sighand.action.get(signo) != SIG_IGN:
        task.pending.append(kernel_siginfo(signo, SI_USER))
        await signal_wake_up(cpu, task)


async def kill_something_info(cpu: Cpu, pid: int, signo: int) -> None:
    """Send a signal to one process.

    Signal 0 is none: only the rest is checked. Raises ESRCH if there is none with that number,
    EINVAL if there is no such signal, EPERM if its owner is somebody else.
    """
    task = find_task_by_vpid(cpu, pid)
    if task is None:
        raise KernelError(Errno.ESRCH)
    if not valid_signal(signo):
        raise KernelError(Errno.EINVAL)
    mine, its = current(cpu).cred, task.cred
    if mine.euid != 0 and not {mine.euid, mine.uid} & {its.suid, its.uid}:
        raise KernelError(Errno.EPERM)
    if signo:
        await send_signal(cpu, task, signo)


def do_sigaction(cpu: Cpu, signo: int, action: int) -> int:
    """Set the disposition of ``signo``; return the one before.

    Raises EINVAL if there is no such signal, and for SIGKILL.
    """
    if (not valid_signal(signo) or signo in (0, SIGKILL)
            or action not in (SIG_DFL, SIG_IGN, SIG_HANDLER)):
        raise KernelError(Errno.EINVAL)
    before = current(cpu).sighand.action.get(signo, SIG_DFL)
    current(cpu).sighand.action[signo] = action
    return before


@traced
async def arch_do_signal_or_restart(cpu: Cpu) -> None:
    """Deliver the current task's next signal, on the way to its program.

    Raises :class:`Signal` into the program if it has a handler. Otherwise the task exits, and
    :class:`Killed` ends its program. SIGKILL goes first.
    """
    task = current(cpu)
    task.pending.sort(key=lambda info: info.si_signo != SIGKILL)
    info   = task.pending.pop(0)
    action = task.sighand.action.get(info.si_signo, SIG_DFL)
    if action == SIG_HANDLER:
        raise Signal(info)
    if action == SIG_DFL:
        await do_group_exit(cpu, info.si_signo)
        raise Killed(info)
