"""End of a task, and its remains until its parent has waited for it.

Ref: Linux 6.12, kernel/exit.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.mm.tlb import enter_lazy_tlb
from sw.fs.file import close_files
from sw.include.linux.sched import (
    EXIT_DEAD, EXIT_ZOMBIE, JOBCTL_STOP_PENDING, task_struct,
)
from sw.include.linux.signal_types import CLD_STOPPED, SIGCHLD
from sw.kernel.fork.mm import mmgrab, mmput
from sw.kernel.fork.vfork import complete_vfork_done
from sw.kernel.pid import find_task_by_vpid, init_pid_ns
from sw.kernel.ptrace.attach import __ptrace_unlink, exit_ptrace
from sw.kernel.signal.action import for_each_thread, thread_group_empty
from sw.kernel.signal.jobctl import task_participate_group_stop
from sw.kernel.signal.send import do_notify_parent, do_notify_parent_cldstop, zap_other_threads
from sw.kernel.sys.rusage import account_thread
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu
from sw.security.yama.yama_lsm import yama_task_free

from .orphan import kill_orphaned_pgrp


__all__ = ["do_exit", "do_group_exit", "release_task", "sys_exit", "sys_exit_group"]


async def release_task(cpu: Cpu, task: task_struct) -> None:
    """Forget a dead task: its number names nobody any more.

    If it was the last of its process but the first thread, which has ended, that is told now.
    """
    if task.ptrace:
        await __ptrace_unlink(cpu, task)
    yama_task_free(cpu, task)
    account_thread(task)
    task.exit_state = EXIT_DEAD
    del init_pid_ns(cpu).tasks[task.pid]
    leader = find_task_by_vpid(cpu, task.tgid)
    if (leader is not None and leader.signal is task.signal and leader.exit_state == EXIT_ZOMBIE
            and thread_group_empty(cpu, leader)
            and await do_notify_parent(cpu, leader, leader.exit_signal)):
        await release_task(cpu, leader)


@traced
async def exit_mm(cpu: Cpu) -> None:
    """Give up the current task's memory. It goes on with the tables, of which the user part is
    empty if it was the last."""
    task, mm = current(cpu), current(cpu).mm
    await complete_vfork_done(cpu, task)
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
    for task in await exit_ptrace(cpu, father):
        await release_task(cpu, task)
    reaper = next(iter(for_each_thread(cpu, father)), None)
    for task in list(init_pid_ns(cpu).tasks.values()):
        if task.real_parent is not father:
            continue
        task.real_parent = reaper
        if not task.ptrace:
            task.parent = reaper
        if reaper is not None or task.pid != task.tgid:
            continue
        if task.exit_state == EXIT_ZOMBIE and not task.ptrace and thread_group_empty(cpu, task):
            await release_task(cpu, task)
        await kill_orphaned_pgrp(cpu, task, father)


async def exit_notify(cpu: Cpu, task: task_struct) -> None:
    """Tell those who wait for the end of a task. A task for which nobody does vanishes at once.

    Nobody waits for threads but the first of a process; a tracer does, for each that it traces.
    """
    await forget_original_parent(cpu, task)
    last = thread_group_empty(cpu, task)
    if last and task.pid == task.tgid:
        await kill_orphaned_pgrp(cpu, task, None)
    if task.ptrace:
        own     = task.pid == task.tgid and last and task.parent is task.real_parent
        is_lost = await do_notify_parent(cpu, task, task.exit_signal if own else SIGCHLD)
    elif task.pid == task.tgid:
        is_lost = last and await do_notify_parent(cpu, task, task.exit_signal)
    else:
        is_lost = True
    if is_lost:
        await release_task(cpu, task)


@traced
async def do_exit(cpu: Cpu, code: int) -> None:
    """End the current task. It stays the current one until another runs.

    ``code`` is the status that wait() reports, if no other thread lives.
    """
    task = current(cpu)
    last = all(thread is task for thread in for_each_thread(cpu, task))
    if task.signal.group_exit_code is None and last:
        task.signal.group_exit_code = code
    if task.jobctl & JOBCTL_STOP_PENDING and task_participate_group_stop(task):
        await do_notify_parent_cldstop(cpu, task, for_ptracer=False, why=CLD_STOPPED)
    await exit_mm(cpu)
    if task.files is not None:
        files, task.files = task.files, None
        await close_files(cpu, files)
    task.pending.clear()
    task.jobctl, task.last_siginfo, task.delivering = 0, None, None
    task.exit_code  = code
    task.exit_state = EXIT_ZOMBIE
    if last:
        task.signal.shared_pending.clear()
    await exit_notify(cpu, task)


@traced
async def do_group_exit(cpu: Cpu, code: int) -> None:
    """End the current process. Its other threads die before they execute user code again."""
    task = current(cpu)
    if task.signal.group_exec_task is not None and task.signal.group_exit_code is None:
        await do_exit(cpu, 0)  # the process goes on with another program
        return
    if task.signal.group_exit_code is None:
        task.signal.group_exit_code = code
        await zap_other_threads(cpu, task)
    await do_exit(cpu, task.signal.group_exit_code)


async def sys_exit(cpu: Cpu, code: int) -> int:
    """End the thread."""
    await do_exit(cpu, (code & 0xFF) << 8)
    return 0


async def sys_exit_group(cpu: Cpu, code: int) -> int:
    """End the process."""
    await do_group_exit(cpu, (code & 0xFF) << 8)
    return 0
