"""Waiting for children and tracees that have ended, stopped or gone on.

Ref: Linux 6.12, kernel/exit.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.lib.usercopy import put_user
from sw.errno import Errno, KernelError
from sw.include.linux.sched import (
    EXIT_ZOMBIE, JOBCTL_LISTENING, JOBCTL_TRACED, task_struct,
)
from sw.include.linux.signal_types import (
    SIGCHLD, SIGNAL_STOP_CONTINUED, SIGNAL_STOP_STOPPED,
)
from sw.include.linux.wait import WNOHANG, __WALL, __WCLONE, __WNOTHREAD, WCONTINUED, WUNTRACED
from sw.kernel.pid import init_pid_ns
from sw.kernel.ptrace.attach import __ptrace_unlink
from sw.kernel.signal.action import thread_group_empty
from sw.kernel.signal.send import do_notify_parent
from sw.kernel.sys.rusage import RUSAGE_BOTH, account_reaped, getrusage, put_rusage
from sw.processor.cpu import Cpu

from .do_exit import release_task


__all__ = ["kernel_wait4", "sys_wait4"]


#: The status of a process that went on.
_CONTINUED = 0xFFFF


def eligible_child(cpu: Cpu, task: task_struct, upid: int, options: int, ptrace: bool) -> bool:
    """Tell whether the caller may wait for ``task``, as its parent or its tracer, and asks for it.

    By its number, by its process group (negative; 0 for the caller's own), or any (-1). One that
    sends another signal than SIGCHLD at its end is a "clone", and is waited for if asked to.
    """
    mine   = current(cpu)
    asked  = (task.pid == upid if upid > 0 else
              upid == -1 or task.signal.pgrp == (-upid or mine.signal.pgrp))
    parent = task.parent if ptrace else task.real_parent
    theirs = (parent is mine if options & __WNOTHREAD else
              parent is not None and parent.signal is mine.signal)
    own    = bool(task.ptrace) if ptrace else task.pid == task.tgid
    return asked and theirs and own and bool(
        ptrace or options & __WALL or (task.exit_signal != SIGCHLD) == bool(options & __WCLONE))


def _ends(cpu: Cpu, task: task_struct) -> bool:
    """Tell whether a dead task is one to be waited for: no first thread whose others live."""
    return (task.exit_state == EXIT_ZOMBIE
            and (task.pid != task.tgid or thread_group_empty(cpu, task)))


async def wait_task_zombie(cpu: Cpu, task: task_struct) -> int:
    """Reap a dead task and return its status. If a tracer does, the parent is told then."""
    status = task.signal.group_exit_code
    if status is None:  # a thread that was traced, of a process that goes on
        status = task.exit_code
    if task.ptrace and task.parent is not task.real_parent and task.pid == task.tgid:
        await __ptrace_unlink(cpu, task)
        if not await do_notify_parent(cpu, task, task.exit_signal):
            return status
    if task.pid == task.tgid:
        account_reaped(current(cpu), task)
    await release_task(cpu, task)
    return status


def wait_task_stopped(task: task_struct, options: int, ptrace: bool) -> int | None:
    """Return the status of a stop that was not reported yet: to the tracer, or to the parent."""
    if ptrace:
        if not task.jobctl & JOBCTL_TRACED or task.jobctl & JOBCTL_LISTENING:
            return None
        code, task.exit_code = task.exit_code, 0
    elif options & WUNTRACED and task.signal.flags & SIGNAL_STOP_STOPPED:
        code, task.signal.group_stop_code = task.signal.group_stop_code, 0
    else:
        return None
    return code << 8 | 0x7F if code else None


def wait_task_continued(task: task_struct, options: int) -> int | None:
    """Return the status of a process that went on, if that was not reported yet."""
    if not options & WCONTINUED or not task.signal.flags & SIGNAL_STOP_CONTINUED:
        return None
    task.signal.flags &= ~SIGNAL_STOP_CONTINUED
    return _CONTINUED


async def wait_consider_task(cpu: Cpu, task: task_struct, options: int,
                             ptrace: bool) -> int | None:
    """Return the status of a task, if there is one to report."""
    # A tracer in the parent's own process sees what a tracer does.
    parent = task.real_parent
    ptrace = ptrace or bool(task.ptrace and task.parent is not None and parent is not None
                            and task.parent.signal is parent.signal)
    if _ends(cpu, task):
        return await wait_task_zombie(cpu, task) if ptrace or not task.ptrace else None
    status = wait_task_stopped(task, options, ptrace)
    return wait_task_continued(task, options) if status is None else status


async def kernel_wait4(cpu: Cpu, upid: int, options: int) -> tuple[int, int, int]:
    """Wait for a child or a tracee.

    Returns its number, status and page faults; three times 0 if none has anything to report yet.

    Raises
    ------
    KernelError
        EINVAL for other options, ECHILD without such children, ESRCH for a group that cannot be.
        ENOSYS without WNOHANG, if none has anything to report yet.
    """
    if options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL):
        raise KernelError(Errno.EINVAL)
    if upid == -(1 << 31):
        raise KernelError(Errno.ESRCH)
    tasks    = list(init_pid_ns(cpu).tasks.values())
    children = [(task, ptrace) for ptrace in (False, True) for task in tasks
                if eligible_child(cpu, task, upid, options, ptrace)]
    if not children:
        raise KernelError(Errno.ECHILD)
    for task, ptrace in children:
        pid, min_flt = task.pid, getrusage(cpu, task, RUSAGE_BOTH)
        status = await wait_consider_task(cpu, task, options, ptrace)
        if status is not None:
            return pid, status, min_flt
    if not options & WNOHANG:
        raise KernelError(Errno.ENOSYS)
    return 0, 0, 0


async def sys_wait4(cpu: Cpu, upid: int, stat_addr: int, options: int, ru: int) -> int:
    """Wait for a child or a tracee; the result is its number, or 0. Its status goes to
    ``stat_addr``, and what it and its own dead children have used to ``ru``, unless they are 0.

    Raises EFAULT, when a child is gone already, and like ``kernel_wait4``.
    """
    pid, status, min_flt = await kernel_wait4(cpu, upid, options & 0xFFFF_FFFF)  # sign: __WCLONE
    if pid and stat_addr:
        await put_user(cpu, status, stat_addr, 4)
    if pid and ru:
        await put_rusage(cpu, min_flt, ru)
    return pid
