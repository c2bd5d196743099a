"""Classes of signals: ignored by default, stopping, never caught; and sets of them.

Ref: Linux 6.12, include/linux/signal.h.

A set (sigset_t) is a number in which signal n is bit n - 1.
"""

from .signal_types import (
    SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGILL, SIGKILL, SIGQUIT, SIGSEGV, SIGSTOP, SIGSYS, SIGTRAP,
    SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, SIGABRT, SIGXCPU, SIGXFSZ,
)


__all__ = [
    "SIG_KERNEL_COREDUMP_MASK", "SIG_KERNEL_IGNORE_MASK", "SIG_KERNEL_ONLY_MASK",
    "SIG_KERNEL_STOP_MASK", "SYNCHRONOUS_MASK", "_NSIG", "sigmask", "siginmask", "valid_signal",
]


#: The highest number of a signal.
_NSIG = 64


def sigmask(*signals: int) -> int:
    """Return a set."""
    return sum(1 << signo - 1 for signo in frozenset(signals))


def siginmask(signo: int, mask: int) -> bool:
    """Tell whether a set has a signal."""
    return bool(mask >> signo - 1 & 1)


def valid_signal(signo: int) -> bool:
    """Tell whether there is a signal of that number, or it is 0."""
    return 0 <= signo <= _NSIG


#: Neither handled, ignored nor blocked.
SIG_KERNEL_ONLY_MASK = sigmask(SIGKILL, SIGSTOP)

#: They do nothing by default.
SIG_KERNEL_IGNORE_MASK = sigmask(SIGCONT, SIGCHLD, SIGWINCH, SIGURG)

#: They stop a process by default.
SIG_KERNEL_STOP_MASK = sigmask(SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU)

#: They write a core file by default, before they kill.
SIG_KERNEL_COREDUMP_MASK = sigmask(
    SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGSYS, SIGXCPU, SIGXFSZ)

#: What an instruction may cause. They are delivered before all others.
SYNCHRONOUS_MASK = sigmask(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS)
