"""Slots: the memory by which the player commands the processes of a script on Linux.

Offsets are those of ``agent.S``. A command is a number, of which the process waits for the next by
a futex, and which it writes back when it has done it; so no process needs a descriptor, or a page
of its own memory, to be commanded.
"""

import ctypes
import fcntl
import mmap
import os
import platform
import struct
from typing import NamedTuple

from sim.errors import Unavailable
from sim.script.host import PROCESSES, Sent


__all__ = ["DATA", "SIZE", "SLOTS_FD", "START", "Caught", "Slot", "Slots"]


#: Address of the first slot in each process; bytes of a slot.
START, SIZE = 0x2_0000_0000, 0x1_0000

#: Descriptor of the slots in each process; no script gets so far.
SLOTS_FD = 200

#: Offset of what a script's system calls read and write, up to the slot's end.
DATA = 0x4000

_SEQ, _DONE, _OP, _ARGS, _RESULT, _CHILD, _CAUGHT = 0x00, 0x04, 0x08, 0x10, 0x40, 0x48, 0x50
_SCRATCH, _PID, _HANDLER, _SENT, _RECORDS = 0x80, 0x90, 0xa0, 0xf8, 0x100
_MOST_SENT = 64

_FUTEX, _FUTEX_WAIT, _FUTEX_WAKE = 202, 0, 1

_libc = ctypes.CDLL(None, use_errno=True)


class Caught(NamedTuple):
    """A signal that a command caused: what came with it, and where the processor was."""

    signo:   int
    code:    int
    address: int
    error:   int
    trap:    int
    where:   int


class _Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


class Slot:
    """Memory of one process or thread.

    Parameters
    ----------
    memory : :class:`mmap.mmap`
        All slots.
    number : :class:`int`
        Its number.
    """

    def __init__(self, memory: mmap.mmap, number: int):
        self.number  = number
        self.address = START + SIZE * number
        self._memory = memory
        self._start  = SIZE * number
        self._seen   = 0
        self._words  = (ctypes.c_uint32 * 2).from_buffer(memory, self._start)

    def _put(self, offset: int, value: int) -> None:
        struct.pack_into("<Q", self._memory, self._start + offset, value & (1 << 64) - 1)

    def _get(self, offset: int) -> int:
        return int(struct.unpack_from("<Q", self._memory, self._start + offset)[0])

    def command(self, op: int, *args: int, child: int = 0) -> None:
        """Hand over a command. Up to six arguments, or for a system call its number and six."""
        for index, value in enumerate((*args[:6], *[0] * (6 - len(args[:6])))):
            self._put(_ARGS + 8 * index, value)
        self._put(_SCRATCH, args[6] if len(args) > 6 else 0)
        self._put(_CHILD, child)
        self._put(_OP, op)
        self.expect()
        self._futex(0, _FUTEX_WAKE, 1)

    def expect(self) -> None:
        """Count a command up, which a process that begins does by itself."""
        self._words[0] += 1

    def done(self, seconds: float) -> bool:
        """Wait for the command's end; tell whether it came."""
        done = self._words[1]
        if done != self._words[0]:
            self._futex(1, _FUTEX_WAIT, done, seconds)
        return bool(self._words[1] == self._words[0])

    def _futex(self, word: int, operation: int, value: int, seconds: float = 0) -> None:
        timeout = _Timespec(int(seconds), int(seconds % 1 * 1e9))
        _libc.syscall(_FUTEX, ctypes.byref(self._words, 4 * word), operation, value,
                      ctypes.byref(timeout), None, 0)

    @property
    def result(self) -> int:
        """Result of the last command, 64 bits."""
        return self._get(_RESULT)

    @property
    def caught(self) -> Caught | None:
        """The signal that the last command caused."""
        found = Caught(*(self._get(_CAUGHT + 8 * index) for index in range(6)))
        return found if found.signo else None

    @property
    def pid(self) -> int:
        """Number of its process."""
        return self._get(_PID)

    @property
    def tid(self) -> int:
        """Number of its thread."""
        return self._get(_PID + 8)

    @property
    def scratch(self) -> int:
        """Address of eight bytes that an instruction may change."""
        return self.address + _SCRATCH

    @property
    def handler(self) -> tuple[int, int]:
        """Addresses of the handler of signals, and of what it returns to."""
        return self._get(_HANDLER), self._get(_HANDLER + 8)

    def sent(self) -> list[Sent]:
        """Return the signals from elsewhere since the last call."""
        count = struct.unpack_from("<I", self._memory, self._start + _SENT)[0]
        first = max(self._seen, count - _MOST_SENT)
        self._seen = count
        return [Sent(*struct.unpack_from("<iiii", self._memory, self._start + _RECORDS
                                         + 16 * (index % _MOST_SENT)))
                for index in range(first, count)]

    def write(self, contents: bytes, offset: int = 0) -> int:
        """Put ``contents`` into the data; return their address in the process."""
        at = self._start + DATA + offset
        self._memory[at:at + len(contents)] = contents
        return self.address + DATA + offset

    def read(self, count: int, offset: int = 0) -> bytes:
        """Return bytes of the data."""
        at = self._start + DATA + offset
        return self._memory[at:at + count]

    def free(self) -> None:
        """Let go of the memory."""
        del self._words


class Slots:
    """The slots of one script, in memory without a name; and its descriptor."""

    def __init__(self) -> None:
        if platform.system() != "Linux" or platform.machine() != "x86_64":
            raise Unavailable("scripts run on the kernel of Linux on x86-64 only; this is "
                              f"{platform.system()} on {platform.machine()}")
        created      = os.memfd_create("slots")
        self.fd      = fcntl.fcntl(created, fcntl.F_DUPFD_CLOEXEC, SLOTS_FD + 2)
        os.close(created)
        os.ftruncate(self.fd, SIZE * PROCESSES)
        self._memory = mmap.mmap(self.fd, SIZE * PROCESSES)
        self._slots: list[Slot] = []

    def new(self) -> Slot:
        """Return a slot that is free. A script has no more processes than there are slots."""
        assert len(self._slots) < PROCESSES, "the reader has counted the processes"
        self._slots.append(Slot(self._memory, len(self._slots)))
        return self._slots[-1]

    def close(self) -> None:
        """Let go of the memory."""
        for slot in self._slots:
            slot.free()
        self._memory.close()
        os.close(self.fd)
