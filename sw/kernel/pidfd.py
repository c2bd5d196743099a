"""Descriptors of processes and threads, which name nobody else when their task is gone.

Ref: Linux 6.18, kernel/pid.c, kernel/signal.c, fs/pidfs.c.
"""

from dataclasses import dataclass

from sw.errno import Errno, KernelError
from sw.fs.file import fd_install, fdget, get_unused_fd_flags
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, O_CLOEXEC, O_EXCL, O_NONBLOCK, O_RDWR, file, file_operations, inode,
)
from sw.processor.cpu import Cpu

from .pid import find_task_by_vpid
from .signal.kill import do_tkill, group_send_sig_info, kill_something_info


__all__ = ["pid", "pidfd_get_pid", "sys_pidfd_open", "sys_pidfd_send_signal"]


PIDFD_NONBLOCK, PIDFD_THREAD = O_NONBLOCK, O_EXCL

PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP = 1, 2, 4


@dataclass(frozen=True)
class pid:
    """Task that such a descriptor names: its number, which no other will have, and whether the
    thread is meant or its process."""

    nr:     int
    thread: bool


pidfs_file_operations = file_operations()


async def pidfd_get_pid(cpu: Cpu, fd: int) -> tuple[pid, int]:
    """Return what a descriptor names, and the flags of its file. EBADF for any other descriptor."""
    async with fdget(cpu, fd) as filp:
        if not isinstance(filp.private_data, pid):
            raise KernelError(Errno.EBADF)
        return filp.private_data, filp.f_flags


async def sys_pidfd_open(cpu: Cpu, nr: int, flags: int) -> int:
    """Make a descriptor for a process, or with PIDFD_THREAD for a thread.

    Raises EINVAL for other flags and for numbers that are none; ESRCH, ENOENT for a thread that is
    not the first of its process; EMFILE.
    """
    if flags & ~(PIDFD_NONBLOCK | PIDFD_THREAD) or nr <= 0:
        raise KernelError(Errno.EINVAL)
    task = find_task_by_vpid(cpu, nr)
    if task is None:
        raise KernelError(Errno.ESRCH)
    if not flags & PIDFD_THREAD and task.pid != task.tgid:
        raise KernelError(Errno.ENOENT)
    fd = get_unused_fd_flags(cpu, O_CLOEXEC)
    fd_install(cpu, fd, file(
        inode(0o700, 0, pidfs_file_operations), pidfs_file_operations, FMODE_READ | FMODE_WRITE,
        O_RDWR | flags & PIDFD_NONBLOCK, private_data=pid(nr, bool(flags & PIDFD_THREAD))))
    return fd


async def sys_pidfd_send_signal(cpu: Cpu, pidfd: int, signo: int, info: int, flags: int) -> int:
    """Send a signal to the task that a descriptor names; to its thread alone, its process or its
    group if ``flags`` say so.

    Raises EINVAL, EBADF, ESRCH if it is gone, EPERM; ENOSYS with ``info`` of the caller's own.
    """
    scopes = PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP
    if flags not in (0, *scopes):
        raise KernelError(Errno.EINVAL)
    named, _ = await pidfd_get_pid(cpu, pidfd)
    if info:
        raise KernelError(Errno.ENOSYS)
    if flags == PIDFD_SIGNAL_PROCESS_GROUP:
        await kill_something_info(cpu, -named.nr, signo)
        return 0
    if flags == PIDFD_SIGNAL_THREAD or named.thread and not flags:
        await do_tkill(cpu, 0, named.nr, signo)
        return 0
    task = find_task_by_vpid(cpu, named.nr)
    if task is None:
        raise KernelError(Errno.ESRCH)
    await group_send_sig_info(cpu, task, signo)
    return 0
