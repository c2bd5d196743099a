"""Signals from one process to others, and to single threads.

Ref: Linux 6.12, kernel/signal.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_KILL
from sw.include.linux.sched import task_struct
from sw.include.linux.signal import valid_signal
from sw.include.linux.signal_types import SI_TKILL, SI_USER, SIGCONT, kernel_siginfo
from sw.kernel.capability import capable
from sw.kernel.pid import find_task_by_vpid, init_pid_ns
from sw.processor.cpu import Cpu

from .send import send_signal


__all__ = [
    "do_tkill", "group_send_sig_info", "kill_something_info", "sys_kill", "sys_tgkill", "sys_tkill",
]


def check_kill_permission(cpu: Cpu, task: task_struct, signo: int) -> None:
    """Check whether the current task may send a signal. Raises EINVAL, EPERM."""
    if not valid_signal(signo):
        raise KernelError(Errno.EINVAL)
    mine, its = current(cpu).cred, task.cred
    if task.signal is current(cpu).signal or {mine.euid, mine.uid} & {its.suid, its.uid}:
        return
    # A session is a process group here.
    if signo == SIGCONT and task.signal.pgrp == current(cpu).signal.pgrp:
        return
    if not capable(cpu, CAP_KILL):
        raise KernelError(Errno.EPERM)


async def group_send_sig_info(cpu: Cpu, task: task_struct, signo: int) -> None:
    """Send a signal to the process of ``task``. Signal 0 is none: only the rest is checked."""
    check_kill_permission(cpu, task, signo)
    if signo:
        await send_signal(cpu, task, kernel_siginfo(
            signo, SI_USER, si_pid=current(cpu).tgid, si_uid=current(cpu).cred.uid))


async def kill_something_info(cpu: Cpu, pid: int, signo: int) -> None:
    """Send a signal to one process; to the caller's group (0), another one (negative), or all (-1).

    All are those but the caller and process 1. Raises ESRCH if there is none, EINVAL if there is no
    such signal, EPERM if it may be sent to none of them.
    """
    leaders = [task for task in init_pid_ns(cpu).tasks.values() if task.pid == task.tgid]
    if pid > 0:
        task    = find_task_by_vpid(cpu, pid)
        targets = [] if task is None else [task]
    elif pid == -1:
        targets = [task for task in leaders
                   if task.pid > 1 and task.signal is not current(cpu).signal]
    else:
        targets = [task for task in leaders if task.signal.pgrp == (-pid or
                                                                    current(cpu).signal.pgrp)]
    if not targets:
        raise KernelError(Errno.ESRCH)
    errors = []
    for task in targets:
        try:
            await group_send_sig_info(cpu, task, signo)
        except KernelError as error:
            errors.append(error)
    if pid == -1:  # those that the caller may not send to do not count
        errors = [error for error in errors if error.errno != Errno.EPERM]
    if errors and (pid == -1 or len(errors) == len(targets)):
        raise errors[-1]


async def sys_kill(cpu: Cpu, pid: int, signo: int) -> int:
    """Send a signal."""
    await kill_something_info(cpu, pid, signo)
    return 0


async def do_tkill(cpu: Cpu, tgid: int, pid: int, signo: int) -> None:
    """Send a signal to one thread, of the process ``tgid`` if that is not 0. Raises ESRCH, EPERM,
    EINVAL."""
    task = find_task_by_vpid(cpu, pid)
    if task is None or tgid and task.tgid != tgid:
        raise KernelError(Errno.ESRCH)
    check_kill_permission(cpu, task, signo)
    if signo:
        await send_signal(cpu, task, kernel_siginfo(
            signo, SI_TKILL, si_pid=current(cpu).tgid, si_uid=current(cpu).cred.uid), shared=False)


async def sys_tgkill(cpu: Cpu, tgid: int, pid: int, signo: int) -> int:
    """Send a signal to a thread of a process. Raises EINVAL for numbers that are none."""
    if tgid <= 0 or pid <= 0:
        raise KernelError(Errno.EINVAL)
    await do_tkill(cpu, tgid, pid, signo)
    return 0


async def sys_tkill(cpu: Cpu, pid: int, signo: int) -> int:
    """Send a signal to a thread. Raises EINVAL for a number that is none."""
    if pid <= 0:
        raise KernelError(Errno.EINVAL)
    await do_tkill(cpu, 0, pid, signo)
    return 0
