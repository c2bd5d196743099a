"""Signals on their way to a task.

Ref: Linux 6.12, kernel/signal.c.

No signal stops a process: one that would is refused. No process is protected as init is.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.smp import smp_send_reschedule
from sw.errno import Errno, KernelError
from sw.include.linux.sched import PF_KTHREAD, task_struct
from sw.include.linux.signal import (
    SIG_KERNEL_COREDUMP_MASK, SIG_KERNEL_STOP_MASK, siginmask, sigmask, valid_signal,
)
from sw.include.linux.signal_types import (
    CLD_EXITED, CLD_KILLED, SI_KERNEL, SIG_DFL, SIG_IGN, SIGCHLD, SIGCONT, SIGKILL, SIGRTMIN,
    kernel_siginfo,
)
from sw.kernel.sched.sched import activate_task, runqueues
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu
from sw.variables import this_cpu_ptr

from .action import flush_process, for_each_thread, sig_fatal, sig_handler, sig_ignored


__all__ = ["do_notify_parent", "force_sig_fault", "send_signal", "zap_other_threads"]


def prepare_signal(cpu: Cpu, task: task_struct, signo: int) -> bool:
    """Tell whether the signal is to be sent. Raises ENOSYS if it would stop the process.

    A process that is ending gets no more. SIGCONT and the stop signals undo each other.
    """
    if task.signal.group_exit_code is not None:
        return False
    if siginmask(signo, SIG_KERNEL_STOP_MASK):
        if sig_handler(task, signo) == SIG_DFL and not task.flags & PF_KTHREAD:
            raise KernelError(Errno.ENOSYS)
        flush_process(cpu, task, sigmask(SIGCONT))
    elif signo == SIGCONT:
        flush_process(cpu, task, SIG_KERNEL_STOP_MASK)
    return not sig_ignored(task, signo)


async def signal_wake_up(cpu: Cpu, task: task_struct) -> None:
    """Make a task notice its signals: by an interrupt, if another processor executes it.

    One that nobody executes goes on by itself as far as its program, where it may die.
    """
    if task.on_cpu is None:
        activate_task(this_cpu_ptr(cpu, runqueues), task)
    elif task.on_cpu is not cpu:
        await smp_send_reschedule(cpu, task.on_cpu)


async def zap_other_threads(cpu: Cpu, task: task_struct) -> None:
    """Let all threads of the process but ``task`` die."""
    for thread in for_each_thread(cpu, task):
        if thread is not task:
            thread.pending.append(kernel_siginfo(SIGKILL, SI_KERNEL))
            await signal_wake_up(cpu, thread)


async def complete_signal(cpu: Cpu, task: task_struct, signo: int, *, shared: bool) -> None:
    """Choose the thread that is to see a signal, and wake it up.

    A fatal one is the end of the process from now on, unless a core file would be written first.
    """
    wanting = [thread for thread in (for_each_thread(cpu, task) if shared else [task])
               if not siginmask(signo, thread.blocked)]
    if not wanting:
        return
    if sig_fatal(task, signo) and not siginmask(signo, SIG_KERNEL_COREDUMP_MASK):
        task.signal.group_exit_code = signo
        for thread in for_each_thread(cpu, task):
            thread.pending.append(kernel_siginfo(SIGKILL, SI_KERNEL))
            await signal_wake_up(cpu, thread)
    else:
        await signal_wake_up(cpu, wanting[0])


async def send_signal(cpu: Cpu, task: task_struct, info: kernel_siginfo, *,
                      shared: bool = True) -> None:
    """Send a signal to the task's process, or to it alone (send_signal_locked).

    Of a standard signal one waits at most; all real-time ones do.
    """
    if not prepare_signal(cpu, task, info.si_signo):
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


async def do_notify_parent(cpu: Cpu, task: task_struct) -> bool:
    """Tell the parent of a process's end by the signal that it chose.

    Returns True if it will not wait for it: there is no parent, or it ignores SIGCHLD.
    """
    parent, signo = task.parent, task.exit_signal
    if parent is None:
        return True
    autoreap = signo == SIGCHLD and sig_handler(parent, SIGCHLD) == SIG_IGN
    if signo and valid_signal(signo) and not autoreap:
        killed = task.exit_code & 0x7F
        await send_signal(cpu, parent, kernel_siginfo(
            signo, CLD_KILLED if killed else CLD_EXITED, si_pid=task.tgid, si_uid=task.cred.uid,
            si_status=killed or task.exit_code >> 8))
    return autoreap
