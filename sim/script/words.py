"""Words of scripts for the numbers of Linux's interface, and back."""

import errno
from collections.abc import Mapping

from sw.errno import Errno


__all__ = ["ADVICE", "CLONE", "ERRORS", "FALLOCATE", "FCNTL", "MAP", "MEMFD", "MLOCK", "MREMAP",
           "MSYNC", "OPEN", "PIDFD", "PIDFD_SIGNAL", "PRCTL", "PTRACE", "PTRACE_OPTIONS",
           "RLIMIT", "SEALS", "SIGMASK", "SIGNALS", "SPLICE", "WAIT", "WAITID", "WHENCE",
           "code_name", "codes", "errno_name", "signal_name"]


MAP: Mapping[str, int] = {
    "shared": 0x01, "private": 0x02, "shared_validate": 0x03, "fixed": 0x10, "anonymous": 0x20,
    "32bit": 0x40, "above4g": 0x80, "growsdown": 0x0100, "denywrite": 0x0800,
    "executable": 0x1000, "locked": 0x2000, "noreserve": 0x4000, "populate": 0x8000,
    "nonblock": 0x1_0000, "stack": 0x2_0000, "hugetlb": 0x4_0000, "sync": 0x8_0000,
    "fixed_noreplace": 0x10_0000, "huge_2mb": 0x5400_0000, "huge_1gb": 0x7800_0000,
}
MREMAP: Mapping[str, int] = {"maymove": 1, "fixed": 2, "dontunmap": 4}
ADVICE: Mapping[str, int] = {
    "normal": 0, "random": 1, "sequential": 2, "willneed": 3, "dontneed": 4, "free": 8,
    "remove": 9, "dontfork": 10, "dofork": 11, "hugepage": 14, "nohugepage": 15, "dontdump": 16,
    "dodump": 17, "wipeonfork": 18, "keeponfork": 19, "cold": 20, "pageout": 21,
    "populate_read": 22, "populate_write": 23, "dontneed_locked": 24, "collapse": 25,
}
OPEN: Mapping[str, int] = {
    "rdonly": 0, "wronly": 1, "rdwr": 2, "creat": 0o100, "excl": 0o200, "trunc": 0o1000,
    "append": 0o2000, "nonblock": 0o4000, "direct": 0o40000, "cloexec": 0o2000000,
    "path": 0o10000000,
}
WHENCE: Mapping[str, int] = {"set": 0, "cur": 1, "end": 2, "data": 3, "hole": 4}
WAIT:   Mapping[str, int] = {
    "nohang": 1, "untraced": 2, "stopped": 2, "exited": 4, "continued": 8, "nowait": 0x100_0000,
    "wall": 0x4000_0000,
}
WAITID: Mapping[str, int] = {"all": 0, "pid": 1, "pgid": 2, "pidfd": 3}

CLONE: Mapping[str, int] = {
    "vm": 0x100, "fs": 0x200, "files": 0x400, "sighand": 0x800, "ptrace": 0x2000, "vfork": 0x4000,
    "parent": 0x8000, "thread": 0x1_0000, "newns": 0x2_0000, "sysvsem": 0x4_0000,
    "settls": 0x8_0000, "untraced": 0x80_0000, "newuser": 0x1000_0000, "newpid": 0x2000_0000,
    "io": 0x8000_0000, "sigchld": 17,
}

MLOCK:     Mapping[str, int] = {"current": 1, "future": 2, "onfault": 4}
MSYNC:     Mapping[str, int] = {"async": 1, "invalidate": 2, "sync": 4}
MEMFD:     Mapping[str, int] = {"cloexec": 1, "allow_sealing": 2, "hugetlb": 4, "noexec_seal": 8,
                                "exec": 16}
FALLOCATE: Mapping[str, int] = {"keep_size": 1, "punch_hole": 2, "collapse_range": 8,
                                "zero_range": 16}
FCNTL:     Mapping[str, int] = {"dupfd": 0, "getfl": 3, "setfl": 4, "add_seals": 1033,
                                "get_seals": 1034}
SEALS:     Mapping[str, int] = {"seal": 1, "shrink": 2, "grow": 4, "write": 8,
                                "future_write": 16, "exec": 32}
SPLICE:    Mapping[str, int] = {"move": 1, "nonblock": 2, "more": 4, "gift": 8}
SIGMASK:   Mapping[str, int] = {"block": 0, "unblock": 1, "setmask": 2}
PIDFD:     Mapping[str, int] = {"thread": 0o200, "nonblock": 0o4000}
PIDFD_SIGNAL: Mapping[str, int] = {"thread": 1, "thread_group": 2, "process_group": 4}
PRCTL:     Mapping[str, int] = {"set_pdeathsig": 1, "get_dumpable": 3, "set_dumpable": 4}
RLIMIT:    Mapping[str, int] = {"data": 2, "stack": 3, "memlock": 8, "as": 9}
PTRACE:    Mapping[str, int] = {
    "traceme": 0, "peektext": 1, "peekdata": 2, "peekuser": 3, "poketext": 4, "pokedata": 5,
    "pokeuser": 6, "cont": 7, "kill": 8, "singlestep": 9, "attach": 16, "detach": 17,
    "syscall": 24, "setoptions": 0x4200, "geteventmsg": 0x4201, "getsiginfo": 0x4202,
    "setsiginfo": 0x4203, "seize": 0x4206, "interrupt": 0x4207, "listen": 0x4208,
}
PTRACE_OPTIONS: Mapping[str, int] = {
    "tracesysgood": 1, "tracefork": 2, "tracevfork": 4, "traceclone": 8, "traceexec": 0x10,
    "tracevforkdone": 0x20, "traceexit": 0x40, "exitkill": 0x10_0000,
}

#: Signals by number. Those that have no name are RT signals.
SIGNALS: Mapping[str, int] = {
    name: number for number, name in enumerate(
        "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV "
        "SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN "
        "SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS".split(), 1)}

_CODES: Mapping[str, Mapping[int, str]] = {
    "SIGSEGV": {1: "SEGV_MAPERR", 2: "SEGV_ACCERR", 4: "SEGV_PKUERR"},
    "SIGBUS":  {1: "BUS_ADRALN", 2: "BUS_ADRERR"},
    "SIGTRAP": {1: "TRAP_BRKPT", 2: "TRAP_TRACE"},
    "SIGILL":  {2: "ILL_ILLOPN"},
    "SIGCHLD": {1: "CLD_EXITED", 2: "CLD_KILLED", 3: "CLD_DUMPED", 4: "CLD_TRAPPED",
                5: "CLD_STOPPED", 6: "CLD_CONTINUED"},
}

_OF_ALL = {0: "SI_USER", 0x80: "SI_KERNEL", -6: "SI_TKILL", -1: "SI_QUEUE"}


_ERRNO = {error.value: error.name for error in Errno}


def signal_name(signo: int) -> str:
    """Name of a signal."""
    return next((name for name, number in SIGNALS.items() if number == signo), f"SIG{signo}")


def code_name(signo: int, code: int) -> str:
    """Name of ``si_code`` with that signal."""
    return _CODES.get(signal_name(signo), {}).get(code) or _OF_ALL.get(code, str(code))


def codes(signal: str | None) -> list[str]:
    """Names that ``si_code`` may have with a signal; with any if it is None."""
    tables = _CODES.values() if signal is None else [_CODES.get(signal, {})]
    return [*(name for table in tables for name in table.values()), *_OF_ALL.values()]


def errno_name(number: int) -> str:
    """Name of an error of Linux."""
    if number in _ERRNO:
        # Python has the numbers of the system that it runs on, which in a page is none of Linux.
        return _ERRNO[number]
    return errno.errorcode.get(number, str(number))


#: Names of errors.
ERRORS = frozenset(_ERRNO.values()) | frozenset(map(errno_name, errno.errorcode))
