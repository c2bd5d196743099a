"""End of a task, and its remains until its parent has waited for it.

Ref: Linux 6.12, kernel/exit.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.mm.tlb import enter_lazy_tlb
from sw.errno import Errno, KernelError
from sw.fs.file import close_files
from sw.include.linux.sched import EXIT_DEAD, EXIT_ZOMBIE, task_struct
from sw.include.linux.signal_types import SI_KERNEL, SIGKILL, kernel_siginfo
from sw.processor.cpu import Cpu

from .fork.mm import mmgrab, mmput
from .pid import init_pid_ns
from .signal import signal_wake_up
from .trace.ftrace import traced


__all__ = ["do_exit", "do_group_exit", "kernel_wait4", "sys_exit", "sys_exit_group", "sys_wait4"]


def release_task(cpu: Cpu, task: task_struct) -> None:
    """Forget a dead task: its number names nobody any more."""
    task.exit_state = EXIT_DEAD
    del init_pid_ns(cpu).tasks[task.pid]


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


def forget_original_parent(cpu: Cpu, father: task_struct) -> None:
    """Leave the children without a parent, and those that it traced to their own."""
    for task in list(init_pid_ns(cpu).tasks.values()):
        if task.ptrace and task.parent is father:
            task.ptrace, task.parent = 0, task.real_parent
        if task.real_parent is father:
            task.real_parent = None
            task.parent      = None if task.parent is father else task.parent
            if task.exit_state == EXIT_ZOMBIE:
                release_task(cpu, task)


@traced
async def do_exit(cpu: Cpu, code: int) -> None:
    """End the current task. It stays the current one until another runs.

    ``code`` is the status that wait() reports. A thread that is not its process's first, and a
    process without a parent, vanish at once.
    """
    task = current(cpu)
    await exit_mm(cpu)
    if task.files is not None:
        files, task.files = task.files, None
        await close_files(cpu, files)
    task.pending.clear()
    task.exit_code  = code
    task.exit_state = EXIT_ZOMBIE
    forget_original_parent(cpu, task)
    if task.parent is None or task.pid != task.tgid:
        release_task(cpu, task)


@traced
async def do_group_exit(cpu: Cpu, code: int) -> None:
    """End the current process. Its other threads die before they execute user code again."""
    for task in list(init_pid_ns(cpu).tasks.values()):
        if task.tgid == current(cpu).tgid and task is not current(cpu) and not task.exit_state:
            task.pending.append(kernel_siginfo(SIGKILL, SI_KERNEL))
            await signal_wake_up(cpu, task)
    await do_exit(cpu, code)


def kernel_wait4(cpu: Cpu, pid: int) -> tuple[int, int]:
    """Reap a dead child (``pid``, or any with -1), without waiting (WNOHANG).

    Returns its number and status, or (0, 0) if none is dead yet. Raises ECHILD without children.
    """
    children = [task for task in init_pid_ns(cpu).tasks.values()
                if task.parent is current(cpu) and pid in (-1, task.pid)]
    if not children:
        raise KernelError(Errno.ECHILD)
    for task in children:
        if task.exit_state == EXIT_ZOMBIE:
            release_task(cpu, task)
            return task.pid, task.exit_code
    return 0, 0


async def sys_exit(cpu: Cpu, code: int) -> int:
    """End the thread."""
    await do_exit(cpu, (code & 0xFF) << 8)
    return 0


async def sys_exit_group(cpu: Cpu, code: int) -> int:
    """End the process."""
    await do_group_exit(cpu, (code & 0xFF) << 8)
    return 0


async def sys_wait4(cpu: Cpu, pid: int) -> int:
    """Reap a dead child without waiting; the result is its number, or 0."""
    return kernel_wait4(cpu, pid)[0]
