"""getrusage(): what a process has used.

Ref: Linux 6.12, kernel/sys.c (getrusage), include/uapi/linux/resource.h.

Page faults are counted, and nothing else: there is no timer, no disk, no swap, and no count of
context switches. All other numbers are 0.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.lib.usercopy import put_user
from sw.errno import Errno, KernelError
from sw.include.linux.sched import task_struct
from sw.kconfig import kconfig
from sw.kernel.pid import init_pid_ns
from sw.processor.cpu import Cpu


__all__ = [
    "RUSAGE_CHILDREN", "RUSAGE_SELF", "RUSAGE_THREAD", "account_reaped", "account_thread",
    "sys_getrusage",
]


RUSAGE_SELF     = 0
RUSAGE_CHILDREN = -1
RUSAGE_THREAD   = 1

#: Numbers of ``struct rusage``, each as wide as a register, and the place of ru_minflt.
_NUMBERS   = 18
_RU_MINFLT = 8


def account_thread(task: task_struct) -> None:
    """Let the process keep the faults of a thread that vanishes."""
    task.signal.min_flt += task.min_flt
    task.min_flt = 0


def account_reaped(parent: task_struct, task: task_struct) -> None:
    """Let a process keep the faults of a child that it has waited for, and of the child's own."""
    parent.signal.cmin_flt += task.min_flt + task.signal.min_flt + task.signal.cmin_flt


def _min_flt(cpu: Cpu, who: int) -> int:
    """Return the faults of the current thread, of its process, or of that one's dead children."""
    task = current(cpu)
    if who == RUSAGE_THREAD:
        return task.min_flt
    if who == RUSAGE_CHILDREN:
        return task.signal.cmin_flt
    if who != RUSAGE_SELF:
        raise KernelError(Errno.EINVAL)
    return task.signal.min_flt + sum(
        thread.min_flt for thread in init_pid_ns(cpu).tasks.values()
        if thread.signal is task.signal)


async def sys_getrusage(cpu: Cpu, who: int, ru: int) -> int:
    """Store at ``ru`` what a process has used. Raises EINVAL for other words than RUSAGE_*."""
    min_flt = _min_flt(cpu, who)
    word    = kconfig(cpu).paging.BITS_PER_LONG // 8
    for index in range(_NUMBERS):
        await put_user(cpu, min_flt if index == _RU_MINFLT else 0, ru + index * word, word)
    return 0
