"""A script: files, processes and steps, as its text says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.switches import Switches

from .calls import Arg, Kind
from . import words


__all__ = ["EXPECTED", "MAKERS", "NEEDS", "STEPS", "Script", "ScriptError", "ScriptFile",
           "Segment", "Step"]


#: Steps that are more than one system call, or none, and their arguments.
STEPS: Mapping[str, tuple[Arg, ...]] = {
    "load":        (Arg("at"), Arg("size", Kind.SIZE, 8)),
    "store":       (Arg("at"), Arg("size", Kind.SIZE, 8), Arg("value")),
    "fetch":       (Arg("at"),),
    "call":        (Arg("at"),),
    "int3":        (),
    "fork":        (),
    "vfork":       (),
    "clone":       (Arg("flags", Kind.WORDS, ..., words.CLONE),),
    "exec":        (),
    "exit":        (Arg("status", default=0),),
    "exit_thread": (Arg("status", default=0),),
    "wait":        (Arg("pid", Kind.PROCESS, -1), Arg("options", Kind.WORDS, 0, words.WAIT)),
    "waitid":      (Arg("idtype", Kind.WORD, ..., words.WAITID), Arg("id", Kind.PROCESS, 0),
                    Arg("file", Kind.FILE, -1), Arg("options", Kind.WORDS, ..., words.WAIT)),
    "pipe":        (Arg("flags", Kind.WORDS, 0, {"nonblock": 0o4000, "cloexec": 0o2000000}),),
    "sigaction":   (Arg("signal", Kind.SIGNAL),
                    Arg("action", Kind.CHOICE, ..., {"handle": 2, "ignore": 1, "default": 0})),
    "sigprocmask": (Arg("how", Kind.WORD, ..., words.SIGMASK), Arg("set", Kind.SIGNALS)),
    "ptrace":      (Arg("request", Kind.WORD, ..., words.PTRACE), Arg("pid", Kind.PROCESS, 0),
                    Arg("at", default=0), Arg("data", default=0)),
    "setrlimit":   (Arg("resource", Kind.WORD, ..., words.RLIMIT), Arg("limit")),
    "stat":        (Arg("file", Kind.FILE),),
    "signals":     (),
    "query":       (Arg("at"),),
    "find":        (Arg("name", Kind.PATH),),
}

#: Steps that make a process or a thread.
MAKERS = ("fork", "vfork", "clone")

#: What a step may expect, and the type in TOML.
EXPECTED: Mapping[str, tuple[type, ...]] = {
    "ret": (int, str), "errno": (str,), "data": (str,), "value": (int, str),
    "signal": (str,), "code": (str,), "error_code": (str,), "address": (int, str),
    "trap": (int,),
    "status": (str,), "child": (int, str), "killed": (str,), "stopped": (bool,),
    "waits": (bool,), "hangs": (bool,), "signals": (list,), "faults": (int,),
    "size": (int,), "mode": (int,), "owner": (int,),
    "present": (bool,), "frame": (str,), "perms": (str,), "start": (int, str), "end": (int, str),
    "zero": (bool,), "mapped_once": (bool,), "exclusive": (bool,), "dirty": (bool,),
    "writable": (bool,), "huge": (int,),
}

#: What a script may need of its kernel and of who plays it.
NEEDS = ("root", "thp", "hugetlb", "secretmem", "vdso")


class ScriptError(Exception):
    """A script is not as the format has it. The message is one line with file, line and reason."""


@dataclass(frozen=True)
class ScriptFile:
    """A file that is there before the first step. The scripts' ordinary user owns it."""

    path:     str
    contents: bytes
    mode:     int


@dataclass(frozen=True)
class Segment:
    """Part of a vector of buffers: bytes to write, room to read, or the process's own memory."""

    data:  bytes | None = None
    count: int          = 0
    at:    Any          = None


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    line : :class:`int`
        Line of the script.
    who, do : :class:`str`
        Process that does it, and what.
    args : mapping
        Arguments by name: expressions, numbers, bytes, or lists, by their kinds.
    names : :class:`tuple` of :class:`str`
        Names for the result.
    expect : mapping
        What must come of it.
    """

    line:   int
    who:    str
    do:     str
    args:   Mapping[str, Any]
    names:  tuple[str, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = [f"{key}={_told(value)}" for key, value in self.args.items()]
        return " ".join((self.who, self.do, *told))


def _told(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 16 else f"{len(value)} bytes"
    if isinstance(value, list | tuple):
        return "|".join(map(_told, value)) or "none"
    if isinstance(value, Segment):
        return f"{len(value.data)} bytes" if value.data is not None else f"room {value.count}"
    return str(getattr(value, "text", value))


@dataclass(frozen=True, eq=False)
class Script:
    """A script.

    Attributes
    ----------
    name : :class:`str`
        Its file's name, without the ending.
    title : :class:`str`
        One sentence: what it shows.
    needs : :class:`tuple` of :class:`str`
        Words of :data:`NEEDS`.
    differs : :class:`str`
        The reason for which the kernel of ``sw`` does otherwise than Linux; "" if there is none.
    files : :class:`tuple` of :class:`ScriptFile`
        Files that there are.
    users : mapping
        User number of each process that has one of its own.
    steps : :class:`tuple` of :class:`Step`
        Its steps.
    switches : :class:`sim.switches.Switches`
        What its kernel has otherwise than others.
    """

    name:    str
    title:   str
    needs:   tuple[str, ...]        = ()
    differs: str                    = ""
    files:   tuple[ScriptFile, ...] = ()
    users:   Mapping[str, int]      = field(default_factory=dict)
    steps:   tuple[Step, ...]       = ()
    switches: Switches              = Switches()
