"""Signals: from the fault or the sender to the task, and their dispositions.

Ref: Linux 6.12, kernel/signal.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.smp import smp_send_reschedule
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_KILL
from sw.include.linux.sched import task_struct
from sw.include.linux.signal_types import (
    SI_USER, SIG_DFL, SIG_HANDLER, SIG_IGN, SIGKILL, kernel_siginfo, valid_signal,
)
from sw.processor.cpu import Cpu

from .capability import capable
from .pid import find_task_by_vpid
from .trace.ftrace import traced


__all__ = [
    "do_sigaction", "force_sig_fault", "kill_something_info", "send_signal", "signal_wake_up",
    "sys_kill", "sys_rt_sigaction",
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
    if not {mine.euid, mine.uid} & {its.suid, its.uid} and not capable(cpu, CAP_KILL):
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


async def signal_wake_up(cpu: Cpu, task: task_struct) -> None:
    """Make a task that executes on another processor notice its signals (kick_process)."""
    if task.on_cpu is not None and task.on_cpu is not cpu:
        await smp_send_reschedule(cpu, task.on_cpu)


async def sys_rt_sigaction(cpu: Cpu, signo: int, action: int) -> int:
    """Set the disposition of a signal; the result is the one before."""
    return do_sigaction(cpu, signo, action)


async def sys_kill(cpu: Cpu, pid: int, signo: int) -> int:
    """Send a signal."""
    await kill_something_info(cpu, pid, signo)
    return 0
