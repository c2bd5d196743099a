"""System calls that a step may do: their numbers, and their arguments by name.

Ref: Linux 6.12, arch/x86/entry/syscalls/syscall_64.tbl; the manual pages, section 2.

A range of memory, and a position in a file, is ``at`` in all of them, and its bytes are ``length``;
the other names are those of the manual pages.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import words


__all__ = ["CALLS", "Arg", "Call", "Kind", "Result"]


class Kind(enum.Enum):
    """Kind of an argument: what its value is, and to what it becomes."""

    NUMBER  = "a number or a sum such as p+4096"
    WORDS   = "a list of words"
    WORD    = "a word"
    CHOICE  = "a word, and no number"
    SIZE    = "1, 2, 4 or 8"
    PROT    = 'letters of "rwx", or a number'
    FILE    = "the name of a descriptor, a path, or a number"
    PATH    = "a path"
    PROCESS = "the name of a process, or a number"
    SIGNAL  = "the name of a signal, or a number"
    SIGNALS = "a list of names of signals"
    DATA    = 'bytes in hex, such as "41 42*4096"'
    ROOM    = "a number of bytes, which are the result's data"
    IOV     = "a list of { data }, { count } or { at, count }"
    FIXED   = "nothing"


@dataclass(frozen=True)
class Arg:
    """One argument of a call.

    Attributes
    ----------
    key : :class:`str`
        Its name in a step.
    kind : :class:`Kind`
        Its kind.
    default : :class:`object`
        Its value where a step leaves it out; ``...``: it must not.
    words : mapping
        Values of its words.
    """

    key:     str
    kind:    Kind = Kind.NUMBER
    default: Any  = ...
    words:   Mapping[str, int] = field(default_factory=dict)


class Result(enum.Enum):
    """Kind of a call's result."""

    NUMBER      = "number"
    ADDRESS     = "address"
    DESCRIPTOR  = "descriptor"
    POSITION    = "position: a number, or in the file of a memory an address"


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes
    ----------
    number : :class:`int`
        Its number on x86-64.
    args : :class:`tuple` of :class:`Arg`
        Its arguments in the order of the registers.
    result : :class:`Result`
        Kind of its result.
    """

    number: int
    args:   tuple[Arg, ...]
    result: Result = Result.NUMBER


_AT, _LENGTH, _FILE = Arg("at"), Arg("length"), Arg("file", Kind.FILE)
_PROT  = Arg("prot", Kind.PROT)
_PID   = Arg("pid", Kind.PROCESS)
_DATA  = Arg("data", Kind.DATA)
_ROOM  = Arg("count", Kind.ROOM)
_IOV   = Arg("iov", Kind.IOV)
_RANGE = (_AT, _LENGTH)


def _flags(table: Mapping[str, int], default: Any = ..., key: str = "flags") -> Arg:
    return Arg(key, Kind.WORDS, default, table)


def _word(key: str, table: Mapping[str, int], default: Any = ...) -> Arg:
    return Arg(key, Kind.WORD, default, table)


def _fixed(value: int) -> Arg:
    return Arg("", Kind.FIXED, value)


CALLS: Mapping[str, Call] = {
    # Memory
    "mmap":       Call(9, (Arg("at", default=0), _LENGTH, _PROT, _flags(words.MAP),
                           Arg("file", Kind.FILE, -1), Arg("offset", default=0)), Result.ADDRESS),
    "munmap":     Call(11, _RANGE),
    "mprotect":   Call(10, (*_RANGE, _PROT)),
    "mremap":     Call(25, (*_RANGE, Arg("new_length"), _flags(words.MREMAP, 0),
                            Arg("to", default=0)), Result.ADDRESS),
    "madvise":    Call(28, (*_RANGE, _word("advice", words.ADVICE))),
    "brk":        Call(12, (_AT,), Result.ADDRESS),
    "msync":      Call(26, (*_RANGE, _flags(words.MSYNC))),
    "mlock":      Call(149, _RANGE),
    "munlock":    Call(150, _RANGE),
    "mlockall":   Call(151, (_flags(words.MLOCK),)),
    "munlockall": Call(152, ()),
    "mlock2":     Call(325, (*_RANGE, _flags({"onfault": 1}))),
    "mseal":      Call(462, (*_RANGE, Arg("flags", default=0))),
    # Files
    "open":       Call(2, (Arg("path", Kind.PATH), _flags(words.OPEN), Arg("mode", default=0)),
                       Result.DESCRIPTOR),
    "creat":      Call(85, (Arg("path", Kind.PATH), Arg("mode", default=0o644)),
                       Result.DESCRIPTOR),
    "close":      Call(3, (_FILE,)),
    "dup":        Call(32, (_FILE,), Result.DESCRIPTOR),
    "lseek":      Call(8, (_FILE, Arg("offset"), _word("whence", words.WHENCE, "set")),
                       Result.POSITION),
    "read":       Call(0, (_FILE, _ROOM)),
    "write":      Call(1, (_FILE, _DATA)),
    "pread":      Call(17, (_FILE, _ROOM, _AT)),
    "pwrite":     Call(18, (_FILE, _DATA, _AT)),
    "readv":      Call(19, (_FILE, _IOV)),
    "writev":     Call(20, (_FILE, _IOV)),
    "preadv":     Call(295, (_FILE, _IOV, _AT, _fixed(0))),
    "pwritev":    Call(296, (_FILE, _IOV, _AT, _fixed(0))),
    "ftruncate":  Call(77, (_FILE, _LENGTH)),
    "fallocate":  Call(285, (_FILE, _flags(words.FALLOCATE, 0, "mode"), Arg("offset"), _LENGTH)),
    "fsync":      Call(74, (_FILE,)),
    "fcntl":      Call(72, (_FILE, _word("cmd", words.FCNTL),
                            _flags(words.SEALS, 0, "arg"))),
    "memfd_create": Call(319, (Arg("path", Kind.PATH), _flags(words.MEMFD, 0)),
                         Result.DESCRIPTOR),
    "memfd_secret": Call(447, (Arg("flags", default=0),), Result.DESCRIPTOR),
    "splice":     Call(275, (_FILE, _fixed(0), Arg("to", Kind.FILE), _fixed(0), _LENGTH,
                             _flags(words.SPLICE, 0))),
    "tee":        Call(276, (_FILE, Arg("to", Kind.FILE), _LENGTH, _flags(words.SPLICE, 0))),
    "vmsplice":   Call(278, (_FILE, _IOV, _flags(words.SPLICE, 0))),
    "copy_file_range": Call(326, (_FILE, _fixed(0), Arg("to", Kind.FILE), _fixed(0), _LENGTH,
                                  Arg("flags", default=0))),
    "sendfile":   Call(40, (Arg("to", Kind.FILE), _FILE, _fixed(0), _LENGTH)),
    # Processes
    "kill":       Call(62, (_PID, Arg("signal", Kind.SIGNAL))),
    "tgkill":     Call(234, (_PID, Arg("tid", Kind.PROCESS), Arg("signal", Kind.SIGNAL))),
    "pidfd_open": Call(434, (_PID, _flags(words.PIDFD, 0)), Result.DESCRIPTOR),
    "pidfd_send_signal": Call(424, (_FILE, Arg("signal", Kind.SIGNAL), _fixed(0),
                                    _flags(words.PIDFD_SIGNAL, 0))),
    "setresuid":  Call(117, (Arg("ruid"), Arg("euid"), Arg("suid"))),
    "setresgid":  Call(119, (Arg("rgid"), Arg("egid"), Arg("sgid"))),
    "setuid":     Call(105, (Arg("uid"),)),
    "setgid":     Call(106, (Arg("gid"),)),
    "setreuid":   Call(113, (Arg("ruid"), Arg("euid"))),
    "setregid":   Call(114, (Arg("rgid"), Arg("egid"))),
    "setpgid":    Call(109, (_PID, Arg("pgid", Kind.PROCESS))),
    "setfsuid":   Call(122, (Arg("fsuid"),)),
    "prctl":      Call(157, (_word("option", words.PRCTL), Arg("arg", default=0), _fixed(0),
                             _fixed(0), _fixed(0))),
    "process_vm_readv":  Call(310, (_PID, _IOV, Arg("remote", Kind.IOV), Arg("flags", default=0))),
    "process_vm_writev": Call(311, (_PID, _IOV, Arg("remote", Kind.IOV), Arg("flags", default=0))),
    "sched_yield": Call(24, ()),
}
