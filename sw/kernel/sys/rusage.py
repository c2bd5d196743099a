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
    "RUSAGE_BOTH", "RUSAGE_CHILDREN", "RUSAGE_SELF", "RUSAGE_THREAD", "account_reaped",
    "account_thread", "getrusage", "put_rusage", "sys_getrusage",
]


RUSAGE_SELF     = 0
RUSAGE_CHILDREN = -1
RUSAGE_BOTH     = -2  #: Of the kernel's own: what wait4() reports.
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


def getrusage(cpu: Cpu, task: task_struct, who: int) -> int:
    """Return the faults of a thread, of its process, of that one's dead children, or of both."""
    if who == RUSAGE_THREAD:
        return task.min_flt
    if who == RUSAGE_CHILDREN:
        return task.signal.cmin_flt
    own = task.signal.min_flt + sum(
        thread.min_flt for thread in init_pid_ns(cpu).tasks.values()
        if thread.signal is task.signal)
    return own + (task.signal.cmin_flt if who == RUSAGE_BOTH else 0)


async def put_rusage(cpu: Cpu, min_flt: int, ru: int) -> None:
    """Store a ``struct rusage`` at ``ru``. Raises EFAULT."""
    word = kconfig(cpu).paging.BITS_PER_LONG // 8
    for index in range(_NUMBERS):
        await put_user(cpu, min_flt if index == _RU_MINFLT else 0, ru + index * word, word)


async def sys_getrusage(cpu: Cpu, who: int, ru: int) -> int:
    """Store at ``ru`` what a process has used. Raises EINVAL for other words than RUSAGE_*."""
    if who not in (RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD):
        raise KernelError(Errno.EINVAL)
    await put_rusage(cpu, getrusage(cpu, current(cpu), who), ru)
    return 0
