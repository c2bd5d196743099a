"""Tracers and tracees: how one becomes the other's, and how that ends.

Ref: Linux 6.12, kernel/ptrace.c; security/commoncap.c (cap_ptrace_traceme).
"""

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_PTRACE
from sw.include.linux.ptrace import (
    PT_OPT_FLAG_SHIFT, PT_PTRACED, PT_SEIZED, PTRACE_MODE_ATTACH_REALCREDS, PTRACE_O_EXITKILL,
    PTRACE_O_MASK, PTRACE_O_TRACEEXEC,
)
from sw.include.linux.sched import (
    EXIT_ZOMBIE, JOBCTL_STOP_PENDING, JOBCTL_STOPPED, JOBCTL_TRACED, JOBCTL_TRAP_MASK,
    JOBCTL_TRAP_STOP, PF_KTHREAD, task_struct,
)
from sw.include.linux.signal import valid_signal
from sw.include.linux.signal_types import (
    SI_KERNEL, SIG_IGN, SIGCHLD, SIGKILL, SIGNAL_STOP_STOPPED, SIGSTOP, kernel_siginfo,
)
from sw.kernel.pid import init_pid_ns
from sw.kernel.signal.action import sig_handler, thread_group_empty
from sw.kernel.signal.jobctl import (
    ptrace_signal_wake_up, signal_wake_up, task_clear_jobctl_pending, task_set_jobctl_pending,
)
from sw.kernel.signal.send import do_notify_parent, send_signal
from sw.processor.cpu import Cpu
from sw.security.yama.yama_lsm import yama_ptrace_traceme

from .access import ptrace_may_access


__all__ = [
    "__ptrace_unlink", "check_ptrace_options", "exit_ptrace", "ptrace_attach", "ptrace_detach",
    "ptrace_traceme",
]


def ptrace_link(task: task_struct, tracer: task_struct) -> None:
    """Give a task a tracer. What that may see of it is what it may see now."""
    task.parent       = tracer
    task.ptracer_cred = tracer.cred


async def __ptrace_unlink(cpu: Cpu, task: task_struct) -> None:
    """Give a tracee back to its real parent. It goes on, or stops with its process."""
    task.ptrace, task.ptracer_cred = 0, None
    task.parent = task.real_parent
    task_clear_jobctl_pending(task, JOBCTL_TRAP_MASK)
    if not task.exit_state and (task.signal.flags & SIGNAL_STOP_STOPPED
                                or task.signal.group_stop_count):
        task.jobctl |= JOBCTL_STOP_PENDING
    if task.jobctl & (JOBCTL_STOP_PENDING | JOBCTL_TRACED):
        await ptrace_signal_wake_up(cpu, task, resume=True)


def check_ptrace_options(options: int) -> None:
    """Refuse options that are not modelled: ENOSYS."""
    if options & ~(PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL):
        raise KernelError(Errno.ENOSYS)


def ptrace_traceme(cpu: Cpu) -> None:
    """Have the parent trace the current task. Raises EPERM if it is traced, or must not be."""
    task, parent = current(cpu), current(cpu).real_parent
    if task.ptrace or parent is None:
        raise KernelError(Errno.EPERM)
    able = (task.cred.cap_permitted <= parent.cred.cap_permitted
            or CAP_SYS_PTRACE in parent.cred.cap_effective)
    if not able or not yama_ptrace_traceme(cpu, parent):
        raise KernelError(Errno.EPERM)
    task.ptrace = PT_PTRACED
    ptrace_link(task, parent)


async def ptrace_attach(cpu: Cpu, task: task_struct, *, seize: bool, addr: int,
                        options: int) -> None:
    """Become the tracer of ``task``, and have it stop, or with ``seize`` go on.

    Raises EPERM for kernel threads, the caller's own process, dead and traced tasks, and those
    that the caller may not look into; for a wrong argument of PTRACE_SEIZE EIO.
    """
    flags = PT_PTRACED
    if seize:
        if addr or options & ~PTRACE_O_MASK:
            raise KernelError(Errno.EIO)
        check_ptrace_options(options)
        flags |= PT_SEIZED | options << PT_OPT_FLAG_SHIFT
    allowed = (not task.flags & PF_KTHREAD and task.tgid != current(cpu).tgid
               and ptrace_may_access(cpu, task, PTRACE_MODE_ATTACH_REALCREDS)
               and not task.exit_state and not task.ptrace)
    if not allowed:
        raise KernelError(Errno.EPERM)
    task.ptrace = flags
    ptrace_link(task, current(cpu))
    if not seize:
        await send_signal(cpu, task, kernel_siginfo(SIGSTOP, SI_KERNEL), shared=False)
    if task.jobctl & JOBCTL_STOPPED and task_set_jobctl_pending(task, JOBCTL_TRAP_STOP):
        task.jobctl &= ~JOBCTL_STOPPED
        await signal_wake_up(cpu, task)


async def ptrace_detach(cpu: Cpu, task: task_struct, signo: int) -> None:
    """Give a tracee that has stopped back; it goes on with ``signo``. Raises EIO for no signal."""
    if not valid_signal(signo):
        raise KernelError(Errno.EIO)
    task.exit_code    = signo
    task.last_siginfo = None
    await __ptrace_unlink(cpu, task)


async def exit_ptrace(cpu: Cpu, tracer: task_struct) -> list[task_struct]:
    """Give all tracees back, or kill them (PTRACE_O_EXITKILL). Returns the dead that nobody else
    will wait for."""
    lost = []
    for task in list(init_pid_ns(cpu).tasks.values()):
        if not task.ptrace or task.parent is not tracer:
            continue
        if task.ptrace & PTRACE_O_EXITKILL << PT_OPT_FLAG_SHIFT:
            await send_signal(cpu, task, kernel_siginfo(SIGKILL, SI_KERNEL))
        await __ptrace_unlink(cpu, task)
        if task.exit_state == EXIT_ZOMBIE and await _is_lost(cpu, tracer, task):
            lost.append(task)
    return lost


async def _is_lost(cpu: Cpu, tracer: task_struct, task: task_struct) -> bool:
    """Tell whether nobody else waits for a dead tracee; if somebody does, tell it."""
    if task.pid != task.tgid:
        return True
    if not thread_group_empty(cpu, task):
        return False
    if task.real_parent is None or task.real_parent.signal is not tracer.signal:
        return await do_notify_parent(cpu, task, task.exit_signal)
    return sig_handler(tracer, SIGCHLD) == SIG_IGN
