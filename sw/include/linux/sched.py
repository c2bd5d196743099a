"""Tasks.

Ref: Linux 6.12, include/linux/sched.h, include/linux/sched/signal.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sw.arch.x86.include.asm.processor import thread_struct
from sw.kernel.cred import cred
from sw.processor.cpu import Cpu

from .fs import files_struct
from .mm_types import mm_struct
from .signal import siginmask
from .signal_types import SIGCHLD, SIGKILL, kernel_siginfo, sighand_struct, signal_struct


__all__ = [
    "EXIT_DEAD", "EXIT_ZOMBIE", "PF_KTHREAD", "fatal_signal_pending", "kmap_ctrl",
    "signal_pending", "task_struct",
]


EXIT_DEAD   = 0x10
EXIT_ZOMBIE = 0x20
PF_KTHREAD  = 0x00200000

#: Default soft limit of the stack's size, in bytes (RLIMIT_STACK).
_STK_LIM = 8 << 20

#: Default limit of locked memory, in bytes (RLIMIT_MEMLOCK).
MLOCK_LIMIT = 8 << 20


@dataclass(eq=False)
class kmap_ctrl:
    """Pages that one task has mapped with ``kmap_local_page``.

    Attributes
    ----------
    pteval : :class:`list` of :class:`int`
        Entries of the slots in use, in the order of mapping.
    """

    pteval: list[int] = field(default_factory=list)


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
        Its ids and capabilities.
    files : :class:`files_struct` or :class:`None`
        Its descriptors; none in a kernel thread, and after the exit.
    sighand : :class:`sighand_struct`
        Its dispositions of signals.
    signal : :class:`signal_struct`
        Signals to its process, and the end of that.
    mm : :class:`mm_struct` or :class:`None`
        Its address space; none in a kernel thread, and after the exit.
    active_mm : :class:`mm_struct` or :class:`None`
        The one whose tables it runs on: its own, or a borrowed one.
    real_parent, parent : :class:`task_struct` or :class:`None`
        The task that made it; and the one that is told of its end (its tracer, if it has one).
    flags : :class:`int`
        PF_KTHREAD.
    ptrace : :class:`int`
        Not 0 while a tracer is attached.
    pending : :class:`list` of :class:`kernel_siginfo`
        Signals that were sent to this thread and not yet delivered.
    blocked : :class:`int`
        Set of the signals that wait until it lets them through.
    exit_signal : :class:`int`
        What its parent gets when it ends; 0 for nothing.
    on_rq : :class:`bool`
        Some processor will execute it, without its program's doing, before that goes on.
    death : :class:`kernel_siginfo` or :class:`None`
        What killed it while its program was elsewhere, until that is told.
    min_flt : :class:`int`
        Page faults accounted to it: its own, and those of its system calls.
    rlim_stack, rlim_memlock : :class:`int`
        RLIMIT_STACK and RLIMIT_MEMLOCK in bytes.
    exit_state, exit_code : :class:`int`
        0, EXIT_ZOMBIE or EXIT_DEAD; and the status that wait() reports.
    on_cpu : :class:`sw.processor.cpu.Cpu` or :class:`None`
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
    signal:      signal_struct        = field(default_factory=signal_struct)
    mm:          mm_struct | None     = None
    active_mm:   mm_struct | None     = None
    real_parent: task_struct | None   = None
    parent:      task_struct | None   = None
    flags:       int                  = 0
    ptrace:      int                  = 0
    pending:     list[kernel_siginfo] = field(default_factory=list)
    blocked:     int                  = 0
    exit_signal: int                  = SIGCHLD
    on_rq:       bool                 = False
    death:       kernel_siginfo | None = None
    min_flt:     int                  = 0
    rlim_stack:  int                  = _STK_LIM
    rlim_memlock: int                 = MLOCK_LIMIT
    exit_state:  int                  = 0
    exit_code:   int                  = 0
    on_cpu:      Cpu | None           = None
    thread:      thread_struct        = field(default_factory=thread_struct)
    kmap_ctrl:   kmap_ctrl            = field(default_factory=kmap_ctrl)
    pagefault_disabled: int           = 0


def signal_pending(task: task_struct) -> bool:
    """Tell whether a signal waits for the task that it does not block. None does for a dead one."""
    return not task.exit_state and any(
        not siginmask(info.si_signo, task.blocked)
        for pending in (task.pending, task.signal.shared_pending) for info in pending)


def fatal_signal_pending(task: task_struct) -> bool:
    """Tell whether the task will die before it executes another instruction of its program."""
    return any(info.si_signo == SIGKILL for info in task.pending)
