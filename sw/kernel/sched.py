"""Tasks, and a processor's change from one to another.

Ref: Linux 6.12, include/linux/sched.h and kernel/sched/core.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sw.arch.x86.include.irqflags import local_irq_restore, local_irq_save
from sw.arch.x86.include.processor import kmap_ctrl, thread_struct
from sw.arch.x86.include.smp import smp_send_reschedule
from sw.arch.x86.mm.tlb import enter_lazy_tlb, switch_mm_irqs_off
from sw.mm.highmem import kmap_local_sched_in, kmap_local_sched_out

from .ftrace import traced
from .sched_mm import mmdrop, mmget, mmgrab
from .signal_types import kernel_siginfo, sighand_struct

if TYPE_CHECKING:
    from sw.arch.x86.kernel.cpu import Cpu
    from sw.fs.file import files_struct
    from sw.mm.mm_types import mm_struct

    from .cred import cred


__all__ = [
    "EXIT_DEAD", "EXIT_ZOMBIE", "PF_KTHREAD", "alloc_pid", "context_switch",
    "find_task_by_vpid", "get_task_mm", "signal_wake_up", "task_struct",
]


EXIT_DEAD   = 0x10
EXIT_ZOMBIE = 0x20
PF_KTHREAD  = 0x00200000

#: Default soft limit of the stack's size, in bytes (RLIMIT_STACK).
_STK_LIM = 8 << 20


@dataclass(eq=False, slots=True)
class task_struct:
    """A thread of control.

    Attributes
    ----------
    pid, tgid : :class:`int`
        Number of the thread, and of the process that it belongs to.
    comm : :class:`str`
        Name of the program.
    cred : :class:`sw.kernel.cred.cred`
        Who it is.
    files : :class:`files_struct` or :class:`None`
        Its descriptors; none in a kernel thread, and after the exit.
    sighand : :class:`sighand_struct`
        What it does with signals.
    mm : :class:`mm_struct` or :class:`None`
        Its address space; none in a kernel thread, and after the exit.
    active_mm : :class:`mm_struct` or :class:`None`
        The one whose tables it runs on: its own, or a borrowed one.
    real_parent, parent : :class:`task_struct` or :class:`None`
        Who made it; who hears of it (a tracer takes this place).
    flags : :class:`int`
        PF_KTHREAD.
    ptrace : :class:`int`
        Not 0 while a tracer is attached.
    pending : :class:`list` of :class:`kernel_siginfo`
        Signals that were sent and not yet delivered.
    min_flt : :class:`int`
        Page faults accounted to it: its own, and those of its system calls.
    rlim_stack : :class:`int`
        RLIMIT_STACK in bytes.
    exit_state, exit_code : :class:`int`
        0, EXIT_ZOMBIE or EXIT_DEAD; and the status that wait() reports.
    on_cpu : :class:`sw.arch.x86.kernel.cpu.Cpu` or :class:`None`
        The processor that executes it.
    thread : :class:`thread_struct`
        Its last exception that became a signal.
    pagefault_disabled : :class:`int`
        Not 0 while its faults on user addresses are not handled.
    kmap_ctrl : :class:`kmap_ctrl`
        Pages that it has mapped locally, while it does not run.
    """

    pid:         int
    tgid:        int
    comm:        str
    cred:        cred
    files:       files_struct | None  = None
    sighand:     sighand_struct       = field(default_factory=sighand_struct)
    mm:          mm_struct | None     = None
    active_mm:   mm_struct | None     = None
    real_parent: task_struct | None   = None
    parent:      task_struct | None   = None
    flags:       int                  = 0
    ptrace:      int                  = 0
    pending:     list[kernel_siginfo] = field(default_factory=list)
    min_flt:     int                  = 0
    rlim_stack:  int                  = _STK_LIM
    exit_state:  int                  = 0
    exit_code:   int                  = 0
    on_cpu:      Cpu | None           = None
    thread:      thread_struct        = field(default_factory=thread_struct)
    kmap_ctrl:   kmap_ctrl            = field(default_factory=kmap_ctrl)
    pagefault_disabled: int           = 0


def alloc_pid(cpu: Cpu) -> int:
    """Return a number that no task has had."""
    cpu.kernel.last_pid += 1
    return cpu.kernel.last_pid


def find_task_by_vpid(cpu: Cpu, pid: int) -> task_struct | None:
    """Return the task ``pid``, dead or alive, that nobody has waited for yet."""
    return cpu.kernel.tasks.get(pid)


def get_task_mm(task: task_struct) -> mm_struct | None:
    """Return the memory of a task and keep it; ``None`` for kernel threads and the dead."""
    if task.mm is None or task.flags & PF_KTHREAD:
        return None
    mmget(task.mm)
    return task.mm


async def signal_wake_up(cpu: Cpu, task: task_struct) -> None:
    """Make a task that executes on another processor notice its signals (kick_process)."""
    if task.on_cpu is not None and task.on_cpu is not cpu:
        await smp_send_reschedule(cpu, task.on_cpu)


@traced
async def context_switch(cpu: Cpu, prev: task_struct | None, next_: task_struct) -> None:
    """Make ``next_`` the current task of this CPU, on its address space.

    A task without one stays on that of ``prev``, and keeps its struct meanwhile.
    """
    assert next_.on_cpu is None, f"BUG: task {next_.pid} runs on another processor"
    next_.on_cpu = cpu
    flags = local_irq_save(cpu)
    if prev is not None:
        prev.kmap_ctrl = await kmap_local_sched_out(cpu)
    active_mm = prev.active_mm if prev is not None else cpu.kernel.init_mm
    assert active_mm is not None
    if next_.mm is None:
        enter_lazy_tlb(cpu, active_mm)
        mmgrab(active_mm)
        next_.active_mm = active_mm
    else:
        await switch_mm_irqs_off(cpu, active_mm, next_.mm)
    cpu.current = next_
    await kmap_local_sched_in(cpu, next_.kmap_ctrl)
    if prev is not None:
        prev.on_cpu = None
    await local_irq_restore(cpu, flags)
    if prev is not None and prev.mm is None:
        prev.active_mm = None
        await mmdrop(cpu, active_mm)
