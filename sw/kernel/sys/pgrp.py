"""A process's own number, its process group and its session.

Ref: Linux 6.12, kernel/sys.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.sched import PF_FORKNOEXEC, task_struct
from sw.kernel.pid import find_task_by_vpid, init_pid_ns
from sw.processor.cpu import Cpu


__all__ = [
    "sys_getpgid", "sys_getpid", "sys_getppid", "sys_getsid", "sys_setpgid", "sys_setsid",
]


def _leader(cpu: Cpu, task: task_struct) -> task_struct:
    """Return the first thread of a task's process."""
    leader = find_task_by_vpid(cpu, task.tgid)
    assert leader is not None, "BUG: a process without first thread"
    return leader


def _task(cpu: Cpu, pid: int) -> task_struct:
    """Return the task ``pid``, or for 0 the current one. Raises ESRCH."""
    task = find_task_by_vpid(cpu, pid) if pid else current(cpu)
    if task is None:
        raise KernelError(Errno.ESRCH)
    return task


async def sys_getpid(cpu: Cpu) -> int:
    """Return the number of the process."""
    return current(cpu).tgid


async def sys_getppid(cpu: Cpu) -> int:
    """Return the number of the parent; 0 if there is none."""
    parent = current(cpu).real_parent
    return parent.tgid if parent is not None else 0


async def sys_setpgid(cpu: Cpu, pid: int, pgid: int) -> int:
    """Put the process ``pid``, the caller or a child, into a group.

    0 stands for the caller, and for the number of the process.

    Raises
    ------
    KernelError
        EINVAL for a negative group, and for a thread that is not its process's first; ESRCH if it
        is neither the caller nor a child; EACCES for a child that has executed another program;
        EPERM for a session's first process, one of another session, and a group that the session
        has not.
    """
    mine  = _leader(cpu, current(cpu))
    pid   = pid or mine.pid
    pgid  = pgid or pid
    if pgid < 0:
        raise KernelError(Errno.EINVAL)
    task = _task(cpu, pid)
    if task.pid != task.tgid:
        raise KernelError(Errno.EINVAL)
    if task.real_parent is not None and task.real_parent.signal is mine.signal:
        if task.signal.session != mine.signal.session:
            raise KernelError(Errno.EPERM)
        if not task.flags & PF_FORKNOEXEC:
            raise KernelError(Errno.EACCES)
    elif task is not mine:
        raise KernelError(Errno.ESRCH)
    if task.signal.session == task.pid:
        raise KernelError(Errno.EPERM)
    if pgid != pid and not any(
            other.signal.pgrp == pgid and other.signal.session == mine.signal.session
            for other in init_pid_ns(cpu).tasks.values()):
        raise KernelError(Errno.EPERM)
    task.signal.pgrp = pgid
    return 0


async def sys_getpgid(cpu: Cpu, pid: int) -> int:
    """Return the number of a process's group. Raises ESRCH."""
    return _task(cpu, pid).signal.pgrp


async def sys_getsid(cpu: Cpu, pid: int) -> int:
    """Return the number of a process's session; 0 for the one of the first processes. ESRCH."""
    return _task(cpu, pid).signal.session


async def sys_setsid(cpu: Cpu) -> int:
    """Begin a session, with a group, both of the caller's number. Raises EPERM if there is such a
    group."""
    task = _leader(cpu, current(cpu))
    if any(other.signal.pgrp == task.pid for other in init_pid_ns(cpu).tasks.values()):
        raise KernelError(Errno.EPERM)
    task.signal.pgrp = task.signal.session = task.pid
    return task.pid
