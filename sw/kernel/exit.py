"""End of a task, and its remains until its parent has waited for it.

Ref: Linux 6.12, kernel/exit.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.mm.tlb import enter_lazy_tlb
from sw.arch.x86.lib.usercopy import put_user
from sw.errno import Errno, KernelError
from sw.fs.file import close_files
from sw.include.linux.sched import EXIT_DEAD, EXIT_ZOMBIE, task_struct
from sw.include.linux.signal_types import SIGCHLD
from sw.include.linux.wait import WNOHANG, __WALL, __WCLONE, __WNOTHREAD, WCONTINUED, WUNTRACED
from sw.processor.cpu import Cpu

from .fork.mm import mmgrab, mmput
from .pid import find_task_by_vpid, init_pid_ns
from .signal.action import for_each_thread, thread_group_empty
from .signal.send import do_notify_parent, zap_other_threads
from .trace.ftrace import traced


__all__ = ["do_exit", "do_group_exit", "kernel_wait4", "sys_exit", "sys_exit_group", "sys_wait4"]


async def release_task(cpu: Cpu, task: task_struct) -> None:
    """Forget a dead task: its number names nobody any more.

    If it was the last of its process but the first thread, which has ended, that is told now.
    """
    task.exit_state = EXIT_DEAD
    del init_pid_ns(cpu).tasks[task.pid]
    leader = find_task_by_vpid(cpu, task.tgid)
    if (leader is not None and leader.signal is task.signal and leader.exit_state == EXIT_ZOMBIE
            and thread_group_empty(cpu, leader) and await do_notify_parent(cpu, leader)):
        await release_task(cpu, leader)


@traced
async def exit_mm(cpu: Cpu) -> None:
    """Give up the current task's memory. It goes on with the tables, of which the user part is
    empty if it was the last."""
    task, mm = current(cpu), current(cpu).mm
    if mm is not None:
        mmgrab(mm)
        local_irq_disable(cpu)
        task.mm = None
        enter_lazy_tlb(cpu, mm)
        await local_irq_enable(cpu)
        await mmput(cpu, mm)


async def forget_original_parent(cpu: Cpu, father: task_struct) -> None:
    """Give the children to another thread, or leave them without a parent; and those that it
    traced to their own."""
    reaper = next(iter(for_each_thread(cpu, father)), None)
    for task in list(init_pid_ns(cpu).tasks.values()):
        if task.ptrace and task.parent is father:
            task.ptrace, task.parent = 0, task.real_parent
        if task.real_parent is father:
            task.real_parent = reaper
            task.parent      = reaper if task.parent is father else task.parent
            if task.parent is None and task.exit_state == EXIT_ZOMBIE:
                await release_task(cpu, task)


@traced
async def do_exit(cpu: Cpu, code: int) -> None:
    """End the current task. It stays the current one until another runs.

    ``code`` is the status that wait() reports, if no other thread lives. A thread that is not its
    process's first, and a process for which nobody waits, vanish at once.
    """
    task = current(cpu)
    if task.signal.group_exit_code is None and thread_group_empty(cpu, task):
        task.signal.group_exit_code = code
    await exit_mm(cpu)
    if task.files is not None:
        files, task.files = task.files, None
        await close_files(cpu, files)
    task.pending.clear()
    task.exit_code  = code
    task.exit_state = EXIT_ZOMBIE
    await forget_original_parent(cpu, task)
    if thread_group_empty(cpu, task):
        task.signal.shared_pending.clear()
    if task.pid != task.tgid or (thread_group_empty(cpu, task)
                                 and await do_notify_parent(cpu, task)):
        await release_task(cpu, task)


@traced
async def do_group_exit(cpu: Cpu, code: int) -> None:
    """End the current process. Its other threads die before they execute user code again."""
    task = current(cpu)
    if task.signal.group_exit_code is None:
        task.signal.group_exit_code = code
        await zap_other_threads(cpu, task)
    await do_exit(cpu, task.signal.group_exit_code)


def eligible_child(cpu: Cpu, task: task_struct, upid: int, options: int) -> bool:
    """Tell whether the caller may wait for ``task``, and asks for it.

    By its number, by its process group (negative; 0 for the caller's own), or any (-1). One that
    sends another signal than SIGCHLD at its end is a "clone", and is waited for if asked to.
    """
    mine   = current(cpu)
    asked  = (task.pid == upid if upid > 0 else
              upid == -1 or task.signal.pgrp == (-upid or mine.signal.pgrp))
    theirs = (task.parent is mine if options & __WNOTHREAD else
              task.parent is not None and task.parent.signal is mine.signal)
    return (asked and theirs and task.pid == task.tgid and bool(
        options & __WALL or task.ptrace
        or (task.exit_signal != SIGCHLD) == bool(options & __WCLONE)))


async def kernel_wait4(cpu: Cpu, upid: int, options: int) -> tuple[int, int]:
    """Reap a dead child.

    Returns its number and status, or (0, 0) if none is dead yet: nobody stops or goes on here,
    so WUNTRACED and WCONTINUED find nothing.

    Raises
    ------
    KernelError
        EINVAL for other options, ECHILD without such children, ESRCH for a group that cannot be.
        ENOSYS without WNOHANG, if none is dead yet.
    """
    if options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL):
        raise KernelError(Errno.EINVAL)
    if upid == -(1 << 31):
        raise KernelError(Errno.ESRCH)
    children = [task for task in init_pid_ns(cpu).tasks.values()
                if eligible_child(cpu, task, upid, options)]
    if not children:
        raise KernelError(Errno.ECHILD)
    for task in children:
        if task.exit_state == EXIT_ZOMBIE and thread_group_empty(cpu, task):
            status = task.signal.group_exit_code
            assert status is not None, "BUG: a process has ended without a status"
            await release_task(cpu, task)
            return task.pid, status
    if not options & WNOHANG:
        raise KernelError(Errno.ENOSYS)
    return 0, 0


async def sys_exit(cpu: Cpu, code: int) -> int:
    """End the thread."""
    await do_exit(cpu, (code & 0xFF) << 8)
    return 0


async def sys_exit_group(cpu: Cpu, code: int) -> int:
    """End the process."""
    await do_group_exit(cpu, (code & 0xFF) << 8)
    return 0


async def sys_wait4(cpu: Cpu, upid: int, stat_addr: int, options: int, ru: int) -> int:
    """Reap a dead child; the result is its number, or 0. Its status goes to ``stat_addr``.

    Raises EFAULT, when the child is gone already, and ENOSYS if asked for its use of resources.
    """
    if ru:
        raise KernelError(Errno.ENOSYS)
    pid, status = await kernel_wait4(cpu, upid, options & 0xFFFF_FFFF)  # __WCLONE is the sign
    if pid and stat_addr:
        await put_user(cpu, status, stat_addr, 4)
    return pid
