"""The interface of a kernel on which a script is played: processes, and looks at their memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


__all__ = ["HUGE", "PROCESSES", "STAGE", "Caught", "Ended", "Hangs", "Host", "NotKnown", "Process",
           "Sent", "Sight", "Stopped", "Waiting"]


#: Bytes that a process has for the operands of its system calls.
STAGE = 0xC000

#: Most processes and threads of a script.
PROCESSES = 16

#: Bytes of a huge page; mappings of so many tell how much of them is in huge pages.
HUGE = 1 << 21


class Caught(Exception):
    """An instruction ended by a signal, which the process has handled.

    The attributes are as in the signal's frame; ``trap`` is the number of the exception.
    """

    def __init__(self, signo: int, code: int, address: int, error_code: int, trap: int):
        super().__init__(f"signal {signo}")
        self.signo      = signo
        self.code       = code
        self.address    = address
        self.error_code = error_code
        self.trap       = trap


class Ended(Exception):
    """The process has ended.

    Attributes
    ----------
    signo : :class:`int` or :class:`None`
        The signal that it died of; 0 if it ended by itself; None: not known.
    """

    def __init__(self, signo: int | None):
        super().__init__(f"ended by signal {signo}")
        self.signo = signo


class Stopped(Exception):
    """The process is stopped, and what it was doing waits."""


class Waiting(Exception):
    """The process waits for the child of a vfork, and what it was doing waits."""


class Hangs(Exception):
    """The process has not ended in time what it was to do."""


class NotKnown(Exception):
    """This kernel does not tell, or not this user."""


class Sent(NamedTuple):
    """A signal from elsewhere that a process has handled."""

    signo:  int
    code:   int
    pid:    int
    status: int


@dataclass(frozen=True)
class Sight:
    """One page of a process, as a query sees it. None: not known.

    Attributes
    ----------
    present : :class:`bool`
        Its page-table entry maps a frame.
    frame : :class:`int` or :class:`None`
        That frame's number.
    perms : :class:`str` or :class:`None`
        Rights of the mapping, as in ``/proc/<pid>/maps``; "" if nothing is mapped.
    start, end : :class:`int`
        First address of the mapping, and the one behind its last.
    more : mapping
        What only this kernel tells, by name.
    """

    present: bool
    frame:   int | None
    perms:   str
    start:   int
    end:     int
    more:    Mapping[str, bool | int]


class Process(Protocol):
    """A process or thread of a script.

    Its methods raise :class:`Caught`, :class:`Ended`, :class:`Stopped`, :class:`Waiting` and
    :class:`Hangs`.
    """

    @property
    def pid(self) -> int: ...

    @property
    def stage(self) -> int:
        """Address of the memory for the operands of its system calls, which never faults."""

    async def put(self, contents: bytes, offset: int = 0) -> None:
        """Put bytes there."""

    async def get(self, count: int, offset: int = 0) -> bytes:
        """Return bytes from there."""

    async def syscall(self, number: int, *args: int | str) -> int:
        """Do a system call; return RAX. A path is handed over as a string."""

    async def fork(self, number: int, *args: int,
                   waits: bool = False) -> "tuple[int, Process | None]":
        """Do one that makes a process or thread; return RAX, and what it has made.

        With ``waits`` it ends only when that begins another program or ends: RAX is what it will
        be, and the process waits.
        """

    async def execve(self) -> int:
        """Replace its program by the same one, with new memory; return RAX."""

    async def load(self, address: int, size: int) -> int: ...

    async def store(self, address: int, size: int, value: int) -> None: ...

    async def fetch(self, address: int) -> None: ...

    async def call(self, address: int) -> int: ...

    async def int3(self) -> None: ...

    async def sigaction(self, signo: int, action: str) -> int:
        """Have a signal handled ("handle"), ignored ("ignore") or as at first ("default")."""

    async def met(self) -> Sequence[Sent]:
        """Return the signals from elsewhere that it has handled since the last call."""

    async def faults(self) -> int:
        """Count its page faults so far."""

    async def look(self, address: int) -> Sight:
        """Look at a page of it."""

    async def find(self, name: str) -> int | None:
        """Return the first address of its mapping of that name; None if it has none."""


class Host(Protocol):
    """A kernel with no process yet."""

    @property
    def patience(self) -> int:
        """Looks for a child that a wait has, at most."""

    async def pause(self, looks: int) -> None:
        """Let the others go on before look number ``looks``, the first of which is 0."""

    async def file(self, path: str, contents: bytes, mode: int) -> None:
        """Make a file for the script's processes, which owns it."""

    async def process(self, name: str, uid: int | None) -> Process:
        """Begin a process; user None is the ordinary one."""
