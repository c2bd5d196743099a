"""Signals on their way to a task.

Ref: Linux 6.12, kernel/signal.c.

No process is protected as init is.
"""

from sw.arch.x86.include.asm.current import current
from sw.include.linux.ptrace import PT_SEIZED
from sw.include.linux.sched import (
    JOBCTL_STOP_PENDING, JOBCTL_STOPPED, task_is_stopped_or_traced, task_struct,
)
from sw.include.linux.signal import (
    SIG_KERNEL_COREDUMP_MASK, SIG_KERNEL_STOP_MASK, siginmask, sigmask, valid_signal,
)
from sw.include.linux.signal_types import (
    CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SI_KERNEL, SIG_DFL, SIG_IGN, SIGCHLD,
    SIGCONT, SIGKILL, SIGNAL_STOP_CONTINUED, SIGNAL_STOP_STOPPED, SIGRTMIN, kernel_siginfo,
)
from sw.kernel.pid import find_task_by_vpid
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .action import flush_process, for_each_thread, sig_fatal, sig_handler, sig_ignored
from .jobctl import (
    ptrace_trap_notify, signal_set_stop_flags, signal_wake_up, task_clear_jobctl_pending,
)


__all__ = [
    "do_notify_parent", "do_notify_parent_cldstop", "force_sig_fault", "send_signal",
    "zap_other_threads",
]


async def _continue(cpu: Cpu, task: task_struct) -> None:
    """Let the threads of a process go on that has stopped or is about to, and tell its parent."""
    signal = task.signal
    for thread in for_each_thread(cpu, task):
        task_clear_jobctl_pending(thread, JOBCTL_STOP_PENDING)
        if thread.ptrace & PT_SEIZED:
            await ptrace_trap_notify(cpu, thread)
        else:
            thread.jobctl &= ~JOBCTL_STOPPED
            await signal_wake_up(cpu, thread)
    why = (CLD_CONTINUED if signal.flags & SIGNAL_STOP_STOPPED else
           CLD_STOPPED if signal.group_stop_count else 0)
    if why:
        signal_set_stop_flags(task, SIGNAL_STOP_CONTINUED)
        await do_notify_parent_cldstop(cpu, task, for_ptracer=False, why=why)
        signal.group_stop_count = signal.group_stop_code = 0


async def prepare_signal(cpu: Cpu, task: task_struct, signo: int) -> bool:
    """Tell whether the signal is to be sent.

    A process that is ending gets no more. SIGCONT and the stop signals undo each other; SIGCONT
    lets a process go on even if it ignores or blocks it.
    """
    if task.signal.group_exit_code is not None:
        return False
    if siginmask(signo, SIG_KERNEL_STOP_MASK):
        flush_process(cpu, task, sigmask(SIGCONT))
    elif signo == SIGCONT:
        flush_process(cpu, task, SIG_KERNEL_STOP_MASK)
        await _continue(cpu, task)
    return not sig_ignored(task, signo)


async def zap_other_threads(cpu: Cpu, task: task_struct) -> None:
    """Let all threads of the process but ``task`` die."""
    for thread in for_each_thread(cpu, task):
        if thread is not task:
            thread.pending.append(kernel_siginfo(SIGKILL, SI_KERNEL))
            await signal_wake_up(cpu, thread, fatal=True)


def wants_signal(task: task_struct, signo: int) -> bool:
    """Tell whether a thread would take a signal as soon as it executes.

    One that waits, and has another signal to take then, is not asked.
    """
    if siginmask(signo, task.blocked):
        return False
    if signo == SIGKILL:
        return True
    has_another = any(info.si_signo != signo and not siginmask(info.si_signo, task.blocked)
                      for pending in (task.pending, task.signal.shared_pending)
                      for info in pending)
    return not (task_is_stopped_or_traced(task) or task.state and has_another)


async def complete_signal(cpu: Cpu, task: task_struct, signo: int, *, shared: bool) -> None:
    """Choose the thread that is to see a signal, and wake it up.

    A fatal one is the end of the process from now on, unless a core file would be written first, or
    a tracer is to be told of it.
    """
    wanting = [thread for thread in (for_each_thread(cpu, task) if shared else [task])
               if wants_signal(thread, signo)]
    if not wanting:
        return
    if (sig_fatal(task, signo) and not siginmask(signo, SIG_KERNEL_COREDUMP_MASK)
            and (signo == SIGKILL or not task.ptrace)):
        task.signal.group_exit_code = signo
        for thread in for_each_thread(cpu, task):
            thread.pending.append(kernel_siginfo(SIGKILL, SI_KERNEL))
            await signal_wake_up(cpu, thread, fatal=True)
    else:
        await signal_wake_up(cpu, wanting[0])


async def send_signal(cpu: Cpu, task: task_struct, info: kernel_siginfo, *,
                      shared: bool = True) -> None:
    """Send a signal to the task's process, or to it alone (send_signal_locked).

    Of a standard signal one waits at most; all real-time ones do.
    """
    if not await prepare_signal(cpu, task, info.si_signo):
        return
    pending = task.signal.shared_pending if shared else task.pending
    if info.si_signo < SIGRTMIN and any(info.si_signo == other.si_signo for other in pending):
        return
    pending.append(info)
    await complete_signal(cpu, task, info.si_signo, shared=shared)


@traced
async def force_sig_fault(cpu: Cpu, signo: int, si_code: int, address: int,
                          error_code: int) -> None:
    """Send the current task a signal for what it just did; it cannot be ignored nor blocked.

    If it was, it kills. It is delivered on the way back to the program.
    """
    task = current(cpu)
    if sig_handler(task, signo) == SIG_IGN or siginmask(signo, task.blocked):
        task.sighand.action[signo] = SIG_DFL
        task.blocked &= ~sigmask(signo)
    await send_signal(cpu, task, kernel_siginfo(signo, si_code, address, error_code),
                      shared=False)


async def do_notify_parent(cpu: Cpu, task: task_struct, signo: int) -> bool:
    """Tell the parent, or the tracer, of a task's end by a signal; 0 is none.

    Returns True if nobody will wait for it: there is no parent, or it ignores SIGCHLD.
    """
    parent = task.parent
    if parent is None:
        return True
    autoreap = (signo == SIGCHLD and not task.ptrace
                and sig_handler(parent, SIGCHLD) == SIG_IGN)
    if signo and valid_signal(signo) and not autoreap:
        killed = task.exit_code & 0x7F
        await send_signal(cpu, parent, kernel_siginfo(
            signo, CLD_KILLED if killed else CLD_EXITED, si_pid=task.pid, si_uid=task.cred.uid,
            si_status=killed or task.exit_code >> 8))
    return autoreap


async def do_notify_parent_cldstop(cpu: Cpu, task: task_struct, *, for_ptracer: bool,
                                   why: int) -> None:
    """Tell a task's tracer, or the parent of its process, that it stopped or went on (CLD_*)."""
    if for_ptracer:
        parent = task.parent
    else:
        task   = find_task_by_vpid(cpu, task.tgid) or task
        parent = task.real_parent
    if parent is None or sig_handler(parent, SIGCHLD) == SIG_IGN:
        return
    status = (SIGCONT if why == CLD_CONTINUED else
              task.signal.group_stop_code if why == CLD_STOPPED else task.exit_code)
    await send_signal(cpu, parent, kernel_siginfo(
        SIGCHLD, why, si_pid=task.pid, si_uid=task.cred.uid, si_status=status & 0x7F))
