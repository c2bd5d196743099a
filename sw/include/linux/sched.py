"""Tasks.

Ref: Linux 6.12, include/linux/sched.h, include/linux/sched/signal.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sw.arch.x86.include.asm.processor import thread_struct
from sw.kernel.cred import cred
from sw.processor.cpu import Cpu

from .fs import files_struct
from .mm_types import mm_struct
from .signal import siginmask
from .signal_types import SIGCHLD, SIGKILL, kernel_siginfo, sighand_struct, signal_struct


__all__ = [
    "EXIT_DEAD", "EXIT_ZOMBIE", "JOBCTL_LISTENING", "JOBCTL_STOPPED", "JOBCTL_STOP_CONSUME",
    "JOBCTL_STOP_DEQUEUED", "JOBCTL_STOP_PENDING", "JOBCTL_STOP_SIGMASK", "JOBCTL_TRACED",
    "JOBCTL_TRAP_MASK", "JOBCTL_TRAP_NOTIFY", "JOBCTL_TRAP_STOP", "PF_FORKNOEXEC", "PF_KTHREAD",
    "TASK_KILLABLE", "TASK_RUNNING", "fatal_signal_pending", "kmap_ctrl", "signal_pending",
    "task_is_stopped_or_traced", "task_rlimit", "task_struct",
]


TASK_RUNNING  = 0
TASK_KILLABLE = 0x102  # it waits inside a system call, and nothing but its end changes that

EXIT_DEAD   = 0x10
EXIT_ZOMBIE = 0x20

PF_FORKNOEXEC = 0x00000040  # it has not executed another program since its fork
PF_KTHREAD    = 0x00200000

# A task's part in stops.
JOBCTL_STOP_SIGMASK  = 0xFFFF   # the signal that stops its process
JOBCTL_STOP_DEQUEUED = 1 << 16  # it has taken a stop signal, which no SIGCONT has undone yet
JOBCTL_STOP_PENDING  = 1 << 17  # it is to stop with its process
JOBCTL_STOP_CONSUME  = 1 << 18  # ... and is counted among those that have yet to
JOBCTL_TRAP_STOP     = 1 << 19  # it is to stop for its tracer
JOBCTL_TRAP_NOTIFY   = 1 << 20  # ... because the process stops or goes on
JOBCTL_LISTENING     = 1 << 22  # its tracer waits for that
JOBCTL_STOPPED       = 1 << 26  # it has stopped with its process
JOBCTL_TRACED        = 1 << 27  # it has stopped for its tracer
JOBCTL_TRAP_MASK     = JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY


#: The type, where a field has its name.
credentials: TypeAlias = cred


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
    state : :class:`int`
        TASK_RUNNING, or TASK_KILLABLE while it waits for the child of a vfork().
    vfork_done : :class:`task_struct` or :class:`None`
        The task that waits until this one begins another program or ends.
    flags : :class:`int`
        PF_*.
    ptrace : :class:`int`
        PT_PTRACED, PT_SEIZED and the tracer's options, while a tracer is attached; else 0.
    ptracer_cred : :class:`sw.kernel.cred.cred` or :class:`None`
        Its tracer's ids and capabilities when that attached.
    ptrace_message : :class:`int`
        What PTRACE_GETEVENTMSG tells.
    jobctl : :class:`int`
        JOBCTL_*.
    last_siginfo : :class:`kernel_siginfo` or :class:`None`
        What PTRACE_GETSIGINFO tells of the stop that it is in.
    delivering : :class:`kernel_siginfo` or :class:`None`
        A signal that it has taken and that its tracer was told of. ``exit_code`` is the one that
        it gets in the place of that.
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
    exit_state, exit_code : :class:`int`
        0, EXIT_ZOMBIE or EXIT_DEAD; and the status that wait() reports, of a stop for the tracer
        too, until it was reported.
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
    state:       int                  = TASK_RUNNING
    vfork_done:  task_struct | None   = None
    flags:       int                  = 0
    ptrace:      int                  = 0
    ptracer_cred: credentials | None  = None
    ptrace_message: int               = 0
    jobctl:      int                  = 0
    last_siginfo: kernel_siginfo | None = None
    delivering:  kernel_siginfo | None  = None
    pending:     list[kernel_siginfo] = field(default_factory=list)
    blocked:     int                  = 0
    exit_signal: int                  = SIGCHLD
    on_rq:       bool                 = False
    death:       kernel_siginfo | None = None
    min_flt:     int                  = 0
    exit_state:  int                  = 0
    exit_code:   int                  = 0
    on_cpu:      Cpu | None           = None
    thread:      thread_struct        = field(default_factory=thread_struct)
    kmap_ctrl:   kmap_ctrl            = field(default_factory=kmap_ctrl)
    pagefault_disabled: int           = 0


def signal_pending(task: task_struct) -> bool:
    """Tell whether something is to be done before the task's program goes on.

    A signal waits that it does not block, or it is to stop. Of a dead one nothing is asked.
    """
    return not task.exit_state and (
        bool(task.jobctl & (JOBCTL_STOP_PENDING | JOBCTL_TRAP_MASK)) or task.delivering is not None
        or any(not siginmask(info.si_signo, task.blocked)
               for pending in (task.pending, task.signal.shared_pending) for info in pending))


def fatal_signal_pending(task: task_struct) -> bool:
    """Tell whether the task will die before it executes another instruction of its program."""
    return any(info.si_signo == SIGKILL for info in task.pending)


def task_is_stopped_or_traced(task: task_struct) -> bool:
    """Tell whether the task has stopped, and executes nothing until it is told to go on."""
    return bool(task.jobctl & (JOBCTL_STOPPED | JOBCTL_TRACED))


def task_rlimit(task: task_struct, limit: int) -> int:
    """Return a limit that counts for the task, in bytes (RLIMIT_*)."""
    return task.signal.rlim[limit].rlim_cur
