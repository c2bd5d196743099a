"""Waiting for children and tracees that have ended, stopped or gone on.

Ref: Linux 6.12, kernel/exit.c.
"""

from typing import NamedTuple

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.lib.usercopy import put_user
from sw.errno import Errno, KernelError
from sw.include.linux.fs import O_NONBLOCK
from sw.include.linux.sched import (
    EXIT_ZOMBIE, JOBCTL_LISTENING, JOBCTL_TRACED, task_struct,
)
from sw.include.linux.signal_types import (
    CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, CLD_TRAPPED, SIGCHLD, SIGCONT,
    SIGNAL_STOP_CONTINUED, SIGNAL_STOP_STOPPED,
)
from sw.include.linux.wait import (
    P_ALL, P_PGID, P_PID, P_PIDFD, WNOHANG, __WALL, __WCLONE, __WNOTHREAD, WCONTINUED, WEXITED,
    WNOWAIT, WSTOPPED, WUNTRACED,
)
from sw.kconfig import kconfig
from sw.kernel.pid import init_pid_ns
from sw.kernel.pidfd import pidfd_get_pid
from sw.kernel.ptrace.attach import __ptrace_unlink
from sw.kernel.signal.action import thread_group_empty
from sw.kernel.signal.send import do_notify_parent
from sw.kernel.sys.rusage import RUSAGE_BOTH, account_reaped, getrusage, put_rusage
from sw.processor.cpu import Cpu

from .do_exit import release_task


__all__ = ["do_wait", "kernel_wait4", "kernel_waitid", "sys_wait4", "sys_waitid", "waitid_info"]


#: The status of a process that went on.
_CONTINUED = 0xFFFF


class waitid_info(NamedTuple):
    """Report on a child: its number and user, what came of it (CLD_*), the exit code or the
    signal, and its page faults. All 0: nothing.
    """

    pid:     int = 0
    uid:     int = 0
    cause:   int = 0
    status:  int = 0
    min_flt: int = 0


def eligible_child(cpu: Cpu, task: task_struct, which: int, upid: int, options: int,
                   ptrace: bool) -> bool:
    """Tell whether the caller may wait for ``task``, as its parent or its tracer, and asks for it.

    By its number, by its process group (0 for the caller's own), or any. One that sends another
    signal than SIGCHLD at its end is a "clone", and is waited for if asked to.
    """
    mine   = current(cpu)
    asked  = (which == P_ALL or (task.pid == upid if which == P_PID else
                                 task.signal.pgrp == (upid or mine.signal.pgrp)))
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


async def wait_task_zombie(cpu: Cpu, task: task_struct, options: int) -> tuple[int, int] | None:
    """Reap a dead task, unless it is to be told again; return what it has ended by.

    If a tracer does, the parent is told then.
    """
    if not options & WEXITED:
        return None
    status = task.signal.group_exit_code
    if status is None:  # a thread that was traced, of a process that goes on
        status = task.exit_code
    told = (CLD_KILLED, status & 0x7F) if status & 0x7F else (CLD_EXITED, status >> 8)
    if options & WNOWAIT:
        return told
    if task.ptrace and task.parent is not task.real_parent and task.pid == task.tgid:
        await __ptrace_unlink(cpu, task)
        if not await do_notify_parent(cpu, task, task.exit_signal):
            return told
    if task.pid == task.tgid:
        account_reaped(current(cpu), task)
    await release_task(cpu, task)
    return told


def wait_task_stopped(task: task_struct, options: int, ptrace: bool) -> tuple[int, int] | None:
    """Return the signal of a stop that was not reported yet: to the tracer, or to the parent."""
    if ptrace:
        if not task.jobctl & JOBCTL_TRACED or task.jobctl & JOBCTL_LISTENING:
            return None
        code = task.exit_code
        if not options & WNOWAIT:
            task.exit_code = 0
    elif options & WUNTRACED and task.signal.flags & SIGNAL_STOP_STOPPED:
        code = task.signal.group_stop_code
        if not options & WNOWAIT:
            task.signal.group_stop_code = 0
    else:
        return None
    return (CLD_TRAPPED if ptrace else CLD_STOPPED, code) if code else None


def wait_task_continued(task: task_struct, options: int) -> tuple[int, int] | None:
    """Tell of a process that went on, if that was not reported yet."""
    if not options & WCONTINUED or not task.signal.flags & SIGNAL_STOP_CONTINUED:
        return None
    if not options & WNOWAIT:
        task.signal.flags &= ~SIGNAL_STOP_CONTINUED
    return CLD_CONTINUED, SIGCONT


async def wait_consider_task(cpu: Cpu, task: task_struct, options: int,
                             ptrace: bool) -> tuple[int, int] | None:
    """Return what came of a task (CLD_*), and its code or signal, if there is that to report."""
    # A tracer in the parent's own process sees what a tracer does.
    parent = task.real_parent
    ptrace = ptrace or bool(task.ptrace and task.parent is not None and parent is not None
                            and task.parent.signal is parent.signal)
    if _ends(cpu, task):
        return await wait_task_zombie(cpu, task, options) if ptrace or not task.ptrace else None
    told = wait_task_stopped(task, options, ptrace)
    return wait_task_continued(task, options) if told is None else told


async def do_wait(cpu: Cpu, which: int, upid: int, options: int) -> waitid_info:
    """Look for a child or a tracee of which there is something to tell.

    Raises ECHILD without such children, and if all have ended and that is not asked for. ENOSYS
    without WNOHANG, if none has anything to report yet.
    """
    tasks    = list(init_pid_ns(cpu).tasks.values())
    children = [(task, ptrace) for ptrace in (False, True) for task in tasks
                if eligible_child(cpu, task, which, upid, options, ptrace)]
    if not children:
        raise KernelError(Errno.ECHILD)
    for task, ptrace in children:
        pid, min_flt = task.pid, getrusage(cpu, task, RUSAGE_BOTH)
        told = await wait_consider_task(cpu, task, options, ptrace)
        if told is not None:
            return waitid_info(pid, task.cred.uid, *told, min_flt)
    if all(_ends(cpu, task) and (ptrace or not task.ptrace) for task, ptrace in children):
        raise KernelError(Errno.ECHILD)
    if not options & WNOHANG:
        raise KernelError(Errno.ENOSYS)
    return waitid_info()


def _status(info: waitid_info) -> int:
    """Return the status of wait4() for what came of a child."""
    if info.cause == CLD_CONTINUED:
        return _CONTINUED
    if info.cause in (CLD_STOPPED, CLD_TRAPPED):
        return info.status << 8 | 0x7F
    return info.status if info.cause == CLD_KILLED else info.status << 8


async def kernel_wait4(cpu: Cpu, upid: int, options: int) -> tuple[int, int, int]:
    """Wait for a child or a tracee.

    Returns its number, status and page faults; three times 0 if none has anything to report yet.

    Raises
    ------
    KernelError
        EINVAL for other options, ESRCH for a group that cannot be, and like ``do_wait``.
    """
    if options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL):
        raise KernelError(Errno.EINVAL)
    if upid == -(1 << 31):
        raise KernelError(Errno.ESRCH)
    which = P_PID if upid > 0 else P_ALL if upid == -1 else P_PGID
    info  = await do_wait(cpu, which, abs(upid), options | WEXITED)
    return info.pid, _status(info), info.min_flt


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


async def kernel_waitid(cpu: Cpu, which: int, upid: int, options: int) -> waitid_info:
    """Wait for a child or a tracee, and for that alone which the options name.

    Raises
    ------
    KernelError
        EINVAL for other options, for none of what there is to tell, and for a number that cannot
        be; with P_PIDFD EBADF for another descriptor, and EAGAIN if there is nothing to tell and
        it is not to be waited for; and like ``do_wait``.
    """
    wanted = options & (WEXITED | WSTOPPED | WCONTINUED)
    if options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE
                   | __WALL) or not wanted:
        raise KernelError(Errno.EINVAL)
    if (which not in (P_ALL, P_PID, P_PGID, P_PIDFD) or which == P_PID and upid <= 0
            or which in (P_PGID, P_PIDFD) and upid < 0):
        raise KernelError(Errno.EINVAL)
    if which != P_PIDFD:
        return await do_wait(cpu, which, upid, options)
    named, f_flags = await pidfd_get_pid(cpu, upid)
    nonblock = bool(f_flags & O_NONBLOCK)
    info = await do_wait(cpu, P_PID, named.nr, options | nonblock * WNOHANG)
    if not info.pid and nonblock and not options & WNOHANG:
        raise KernelError(Errno.EAGAIN)
    return info


async def sys_waitid(cpu: Cpu, which: int, upid: int, infop: int, options: int, ru: int) -> int:
    """Wait for a child or a tracee. What came of it goes to ``infop``, as it came with SIGCHLD, and
    what it has used to ``ru``, unless they are 0.

    The fields are 0 if there is nothing to tell, and for an error too. Raises EFAULT, when a child
    is gone already, and like ``kernel_waitid``.
    """
    info, failed = waitid_info(), None
    try:
        info = await kernel_waitid(cpu, which, upid, options & 0xFFFF_FFFF)
    except KernelError as error:
        failed = error
    if info.pid and ru:
        await put_rusage(cpu, info.min_flt, ru)
    if infop:
        union  = 8 + kconfig(cpu).paging.BITS_PER_LONG // 8
        for offset, value in ((0, SIGCHLD if info.pid else 0), (4, 0), (8, info.cause),
                              (union, info.pid), (union + 4, info.uid), (union + 8, info.status)):
            await put_user(cpu, value, infop + offset, 4)
    if failed is not None:
        raise failed
    return 0
