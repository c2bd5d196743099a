"""Signals: numbers, codes, and the form in which a program gets them.

Ref: Linux 6.12, include/uapi/asm-generic/siginfo.h, arch/x86/include/uapi/asm/signal.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .resource import INIT_RLIMITS, rlimit


__all__ = [
    "BUS_ADRERR", "CLD_CONTINUED", "CLD_EXITED", "CLD_KILLED", "CLD_STOPPED", "CLD_TRAPPED",
    "SEGV_ACCERR", "SEGV_MAPERR", "SIGABRT", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGFPE", "SIGHUP",
    "SIGILL", "SIGKILL", "SIGNAL_SHELL_JOB", "SIGNAL_STOP_CONTINUED", "SIGNAL_STOP_STOPPED",
    "SIGPIPE", "SIGQUIT", "SIGRTMIN", "SIGSEGV", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP",
    "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGXCPU",
    "SIGXFSZ", "SIG_BLOCK", "SIG_DFL", "SIG_HANDLER", "SIG_IGN", "SIG_SETMASK", "SIG_UNBLOCK",
    "SI_KERNEL", "SI_TKILL", "SI_USER", "Killed", "Signal", "Stopped", "Waiting",
    "kernel_siginfo", "sighand_struct", "signal_struct",
]


SIGHUP   = 1
SIGQUIT  = 3
SIGILL   = 4
SIGTRAP  = 5
SIGABRT  = 6
SIGBUS   = 7
SIGFPE   = 8
SIGKILL  = 9
SIGUSR1  = 10
SIGSEGV  = 11
SIGUSR2  = 12
SIGPIPE  = 13
SIGTERM  = 15
SIGCHLD  = 17
SIGCONT  = 18
SIGSTOP  = 19
SIGTSTP  = 20
SIGTTIN  = 21
SIGTTOU  = 22
SIGURG   = 23
SIGXCPU  = 24
SIGXFSZ  = 25
SIGWINCH = 28
SIGSYS   = 31
SIGRTMIN = 32  # the first of those that queue

SI_USER     = 0     # by kill()
SI_TKILL    = -6    # by tgkill()
SI_KERNEL   = 0x80  # by the kernel, for a reason that has no address
SEGV_MAPERR = 1     # address not mapped to an object
SEGV_ACCERR = 2     # invalid permissions for the mapped object
BUS_ADRERR  = 2     # nonexistent physical address
CLD_EXITED  = 1     # child has exited
CLD_KILLED  = 2     # child was killed
CLD_TRAPPED   = 4   # traced child has trapped
CLD_STOPPED   = 5   # child has stopped
CLD_CONTINUED = 6   # stopped child has continued

# Flags of a process.
SIGNAL_STOP_STOPPED   = 1 << 0   # all its threads have stopped
SIGNAL_STOP_CONTINUED = 1 << 1   # it went on, and nobody was told of it yet
SIGNAL_SHELL_JOB      = 1 << 31  # its parent is a shell, of which nothing else is modelled

#: Ways to change the mask of blocked signals.
SIG_BLOCK   = 0
SIG_UNBLOCK = 1
SIG_SETMASK = 2

#: Dispositions. A program here has one handler for all signals: its coroutine gets the exception.
SIG_DFL     = 0
SIG_IGN     = 1
SIG_HANDLER = 2


@dataclass(frozen=True, slots=True)
class kernel_siginfo:
    """One signal on its way to a task.

    Attributes
    ----------
    si_addr : :class:`int`
        Faulting linear address, or 0.
    error_code : :class:`int`
        Page-fault error code, as the signal frame shows it, or 0.
    si_pid, si_uid : :class:`int`
        The process that sent it, or that ended or stopped; and its user.
    si_status : :class:`int`
        Of SIGCHLD: the exit code, or the number of the signal that killed or stopped the child.
    """

    si_signo:   int
    si_code:    int
    si_addr:    int = 0
    error_code: int = 0
    si_pid:     int = 0
    si_uid:     int = 0
    si_status:  int = 0


@dataclass(eq=False, slots=True)
class sighand_struct:
    """Dispositions by signal number; SIG_DFL if absent. Shared by the threads of a process."""

    action: dict[int, int] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class signal_struct:
    """Signals of a process, and its end: common to its threads.

    Attributes
    ----------
    pgrp, session : :class:`int`
        Numbers of the process group and of the session.
    shared_pending : :class:`list` of :class:`kernel_siginfo`
        Signals that were sent to the process and not yet delivered to one of its threads.
    group_exit_code : :class:`int` or :class:`None`
        The status that wait() will report, once the whole process is to end (SIGNAL_GROUP_EXIT).
    group_exec_task : :class:`task_struct` or :class:`None`
        The thread that begins another program, and that the others end for.
    flags : :class:`int`
        SIGNAL_*.
    group_stop_count : :class:`int`
        Threads that have yet to stop, so that the process has.
    group_stop_code : :class:`int`
        The signal that stops the process, until wait() has reported it.
    rlim : :class:`dict`
        Its limits, by RLIMIT_*.
    min_flt, cmin_flt : :class:`int`
        Page faults of threads that are gone, and of children that it has waited for.
    """

    pgrp:            int                  = 0
    session:         int                  = 0
    shared_pending:  list[kernel_siginfo] = field(default_factory=list)
    group_exit_code: int | None           = None
    group_exec_task: Any                  = None
    flags:           int                  = 0
    group_stop_count: int                 = 0
    group_stop_code: int                  = 0
    rlim:            dict[int, rlimit]    = field(default_factory=lambda: dict(INIT_RLIMITS))
    min_flt:         int                  = 0
    cmin_flt:        int                  = 0


class Signal(Exception):
    """A signal for which the program has a handler, raised where the program was.

    Attributes
    ----------
    signo, si_code, si_addr, error_code, si_pid, si_uid, si_status : :class:`int`
        As in the signal frame.
    ax : :class:`int` or :class:`None`
        Result of the system call behind which the program got it, as the frame has it in RAX.
    """

    def __init__(self, info: kernel_siginfo):
        super().__init__(f"signal {info.si_signo}, code {info.si_code}, "
                         f"address {info.si_addr:#x}, error code {info.error_code:#x}")
        self.signo      = info.si_signo
        self.si_code    = info.si_code
        self.si_addr    = info.si_addr
        self.error_code = info.error_code
        self.si_pid     = info.si_pid
        self.si_uid     = info.si_uid
        self.si_status  = info.si_status
        self.ax: int | None = None


class Killed(Exception):
    """The task does not exist any more: a signal took its default action.

    Attributes
    ----------
    info : :class:`kernel_siginfo`
        The fatal signal.
    """

    def __init__(self, info: kernel_siginfo):
        super().__init__(f"killed by signal {info.si_signo}, code {info.si_code}, "
                         f"address {info.si_addr:#x}")
        self.info = info


class Stopped(Exception):
    """The program is where it was, and executes nothing more: its task has stopped.

    Once that is told to go on, the instruction that raised this may be executed again.

    Attributes
    ----------
    signo : :class:`int`
        The signal that stopped it, or for which its tracer is to decide; SIGTRAP for no signal.
    """

    def __init__(self, signo: int):
        super().__init__(f"stopped by signal {signo}")
        self.signo = signo


class Waiting(Exception):
    """The program is inside a system call, in which its task waits for another one.

    Once that has done what is waited for, the instruction that raised this may be executed again.
    """
