"""Signals: numbers, codes, and the form in which a program gets them.

Ref: Linux 6.12, include/uapi/asm-generic/siginfo.h, arch/x86/include/uapi/asm/signal.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field


__all__ = [
    "BUS_ADRERR", "SEGV_ACCERR", "SEGV_MAPERR", "SI_KERNEL", "SI_USER", "SIG_DFL", "SIG_HANDLER",
    "SIG_IGN", "SIGBUS", "SIGKILL", "SIGSEGV", "SIGTERM", "Killed", "Signal", "kernel_siginfo",
    "sighand_struct", "valid_signal",
]


SIGBUS  = 7
SIGKILL = 9
SIGSEGV = 11
SIGTERM = 15

#: The highest number of a signal.
_NSIG = 64

SI_USER     = 0     # by kill()
SI_KERNEL   = 0x80  # by the kernel, for a reason that has no address
SEGV_MAPERR = 1     # address not mapped to an object
SEGV_ACCERR = 2     # invalid permissions for the mapped object
BUS_ADRERR  = 2     # nonexistent physical address

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
    """

    si_signo:   int
    si_code:    int
    si_addr:    int = 0
    error_code: int = 0


@dataclass(eq=False, slots=True)
class sighand_struct:
    """Dispositions by signal number; SIG_DFL if absent. Shared by the threads of a process."""

    action: dict[int, int] = field(default_factory=dict)


class Signal(Exception):
    """A signal for which the program has a handler, raised where the program was.

    Attributes
    ----------
    signo, si_code, si_addr, error_code : :class:`int`
        As in the signal frame.
    """

    def __init__(self, info: kernel_siginfo):
        super().__init__(f"signal {info.si_signo}, code {info.si_code}, "
                         f"address {info.si_addr:#x}, error code {info.error_code:#x}")
        self.signo      = info.si_signo
        self.si_code    = info.si_code
        self.si_addr    = info.si_addr
        self.error_code = info.error_code


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


def valid_signal(signo: int) -> bool:
    """Tell whether there is a signal of that number, or it is 0."""
    return 0 <= signo <= _NSIG
