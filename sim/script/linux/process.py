"""A process or thread of a script on the kernel of this machine.

It is commanded by its slot, and looked at in ``/proc``. What waits has a bound: a command that does
not end is left, and the process is of no more use.
"""

import contextlib
import os
import signal
import struct
import time
from collections.abc import Sequence
from pathlib import Path

from sim.script.host import STAGE, Caught, Ended, Hangs, Sent, Sight, Stopped, Waiting

from .look import look, mappings_called
from .slots import DATA, Slot, Slots


__all__ = ["AGENT_FD", "CAUSED", "LinuxProcess", "letter_of"]


#: Descriptor of the program in each process; no script gets so far.
AGENT_FD = 201

#: Signals that instructions cause: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV.
CAUSED = (4, 5, 7, 8, 11)

_MUNMAP, _RT_SIGACTION, _EXECVEAT, _AT_EMPTY_PATH = 11, 13, 322, 0x1000

#: SA_SIGINFO, SA_ONSTACK and SA_RESTORER. While one signal is handled the others wait, so that they
#: come in the order in which the kernel delivers them.
_SA_FLAGS, _ALL = 0x0C00_0004, (1 << 64) - 1

#: kill, tgkill, pidfd_send_signal, exit, exit_group and ptrace: others have signals to handle
#: afterwards, or stop.
_AFFECT_OTHERS = (62, 234, 424, 60, 231, 101)

#: Bytes for a path.
_PATH = 0x400


#: Operations of the agent.
_NOTHING, _SYSCALL, _LOAD, _STORE, _FETCH, _CALL, _INT3 = range(7)

#: Seconds that a command may last, and between two looks at a process that does not answer.
_PATIENCE, _LOOK = 2.0, 0.01

_PF_INSTR, _TRAP_GP = 1 << 4, 13


class LinuxProcess:
    """A process, commanded by its slot.

    Parameters
    ----------
    slot : :class:`.slots.Slot`
        Its slot.
    slots : :class:`.slots.Slots`
        Those of its children.
    born : :class:`list` of :class:`LinuxProcess`
        All processes and threads of the script that have begun.
    unwanted : sequence of :class:`str`
        Names of mappings that a new program is to lose.
    """

    def __init__(self, slot: Slot, slots: Slots, born: "list[LinuxProcess]",
                 unwanted: Sequence[str]):
        self.slot   = slot
        self._slots = slots
        self._born  = born
        self._unwanted = unwanted
        self.pid = self.tgid = self.pidfd = 0
        self._killed: int | None = None
        self._waiting = False
        self._vforked = False

    def begin(self) -> None:
        """Wait until it has begun. Raises :class:`.host.Hangs`."""
        deadline = time.monotonic() + 10 * _PATIENCE
        while not self.slot.done(_LOOK):
            if time.monotonic() > deadline:
                raise Hangs
        self.tgid, self.pid = self.slot.pid, self.slot.tid
        if self.pid == self.tgid:
            self.pidfd = os.pidfd_open(self.pid)
        self._born.append(self)

    def kill(self) -> None:
        """Kill it, if it lives."""
        if self.pidfd:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def reaped(self) -> bool:
        """Wait for its end, if it is a child of this process; tell whether it is gone."""
        if not self.pidfd:
            return True
        try:
            self._reap()
            signal.pidfd_send_signal(self.pidfd, 0)
        except ChildProcessError:
            return not Path(f"/proc/{self.pid}").exists()
        except ProcessLookupError:
            os.close(self.pidfd)
            self.pidfd = 0
        return not self.pidfd

    def _reap(self) -> None:
        """Wait for its end. Raises :class:`ChildProcessError` if others have to."""
        info = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOHANG)
        if info is not None:
            self._killed = 0 if info.si_code == os.CLD_EXITED else info.si_status

    # Commands

    def _do(self, op: int, *args: int, child: int = 0) -> int:
        """Have a command done. Raises what may end or stop the process instead."""
        self._command(op, *args, child=child)
        self._finish()
        return self.slot.result

    def _command(self, op: int, *args: int, child: int) -> None:
        """Hand over a command, when the last one is done."""
        if self._waiting:
            self._finish()
        self._check()
        self.slot.command(op, *args, child=child)
        self._waiting = True

    def _finish(self) -> None:
        """Wait for the end of the last command."""
        deadline = time.monotonic() + _PATIENCE
        looks    = 0
        while not self.slot.done(_LOOK):
            state  = self.state
            looks += state in "tT" or self._vforked and state == "D"
            if state in "XZ":
                raise Ended(self._killer())
            if looks > 1:
                raise Waiting if state == "D" else Stopped
            if time.monotonic() > deadline:
                raise Hangs
        self._waiting = self._vforked = False

    def _check(self) -> None:
        state = self.state
        if state in "XZ":
            raise Ended(self._killer())
        if state in "tT":
            raise Stopped

    @property
    def state(self) -> str:
        """Its state, a letter; X if there is no such process."""
        return (self._stat() or ["X"])[0]

    def _stat(self) -> list[str]:
        """Fields of its ``stat``, from the third on; none if it is gone."""
        try:
            text = Path(f"/proc/{self.tgid}/task/{self.pid}/stat").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return []
        return text.rpartition(")")[2].split()

    def _killer(self) -> int | None:
        """The signal that it died of; 0 if it ended by itself, None if nobody knows."""
        if not self.pidfd:
            return self._killed
        fields = self._stat()
        return int(fields[49]) & 0x7F if len(fields) > 49 else self._killed

    def _caught(self) -> None:
        caught = self.slot.caught
        if caught is not None:
            raise Caught(caught.signo, caught.code, caught.address, caught.error, caught.trap)

    @property
    def stage(self) -> int:
        """Address of the memory for the operands of its system calls."""
        return self.slot.address + DATA

    async def put(self, contents: bytes, offset: int = 0) -> None:
        """Put bytes there."""
        self.slot.write(contents, offset)

    async def get(self, count: int, offset: int = 0) -> bytes:
        """Return bytes from there."""
        return self.slot.read(count, offset)

    async def syscall(self, number: int, *args: int | str) -> int:
        """Do a system call; return RAX. Paths are put behind the other operands."""
        try:
            return _signed(self._do(_SYSCALL, number, *self._registers(args)))
        finally:
            if number in _AFFECT_OTHERS:
                for other in 2 * self._born:  # the second time, those that learn of the first
                    other.settle()

    def _registers(self, args: Sequence[int | str]) -> list[int]:
        return [self.slot.write(os.fsencode(value) + b"\0", STAGE - _PATH * (1 + index))
                if isinstance(value, str) else value for index, value in enumerate(args)]

    async def fork(self, number: int, *args: int,
                   waits: bool = False) -> tuple[int, "LinuxProcess | None"]:
        """Do a system call that makes a process or thread; return RAX, and what it has made."""
        child = LinuxProcess(self._slots.new(), self._slots, self._born, self._unwanted)
        child.slot.expect()
        self._command(_SYSCALL, number, *args, child=child.slot.address)
        if waits and self._has_begun(child):
            self._vforked = True
            child.begin()
            return child.pid, child
        self._finish()
        result = _signed(self.slot.result)
        if result < 0:
            return result, None
        child.begin()
        return result, child

    def _has_begun(self, child: "LinuxProcess") -> bool:
        """Wait until a child begins, for which this one waits. False if its command ends first."""
        deadline = time.monotonic() + _PATIENCE
        while not child.slot.done(_LOOK):
            if self.slot.done(0):
                return False
            if time.monotonic() > deadline:
                raise Hangs
        return True

    async def execve(self) -> int:
        """Replace its program by the same one, with new memory; return RAX."""
        words  = [b"agent\0", letter_of(self.slot).encode() + b"\0"]
        agent  = self.slot.write(words[0], 64)
        letter = self.slot.write(words[1], 72)
        self.slot.write(struct.pack("<4Q", agent, letter, 0, 0))
        result = await self.syscall(_EXECVEAT, AGENT_FD, "", self.stage, self.stage + 24,
                                    _AT_EMPTY_PATH)
        if result >= 0:
            await self.strip()
            await self.handle()
        return min(result, 0)

    async def strip(self) -> None:
        """Lose the mappings of its program that are not wanted."""
        for start, end in mappings_called(self.pid, *self._unwanted):
            await self.syscall(_MUNMAP, start, end - start)

    async def handle(self) -> None:
        """Handle what instructions cause."""
        for signo in CAUSED:
            await self.sigaction(signo, "handle")

    async def load(self, address: int, size: int) -> int:
        """Load a number."""
        result = self._do(_LOAD, address, size)
        self._caught()
        return result

    async def store(self, address: int, size: int, value: int) -> None:
        """Store a number."""
        self._do(_STORE, address, size, value)
        self._caught()

    async def fetch(self, address: int) -> None:
        """Fetch an instruction, which is executed, and its effect is of no interest."""
        self._do(_FETCH, address)
        caught = self.slot.caught
        if caught is None:
            return
        itself = caught.where == address and caught.error & _PF_INSTR
        if itself or caught.trap == _TRAP_GP and not _canonical(address):
            self._caught()

    async def call(self, address: int) -> int:
        """Call a function without arguments; return RAX."""
        result = self._do(_CALL, address)
        self._caught()
        return result

    async def int3(self) -> None:
        """Execute INT3."""
        self._do(_INT3)
        self._caught()

    async def sigaction(self, signo: int, action: str) -> int:
        """Have a signal handled, ignored or as at first."""
        handler, back = self.slot.handler
        value = {"handle": handler, "ignore": 1, "default": 0}[action]
        self.slot.write(struct.pack("<QQQQ", value, _SA_FLAGS, back, _ALL))
        return await self.syscall(_RT_SIGACTION, signo, self.stage, 0, 8)

    async def met(self) -> Sequence[Sent]:
        """Return the signals from elsewhere that it has handled since the last call.

        Those of whom this process is the parent, if they have ended, are gone then.
        """
        for other in self._born:
            other.reaped()
        if self._waiting:
            self._finish()
        self._check()
        return self.slot.sent()

    def settle(self) -> None:
        """Let it handle the signals that wait for it, or die of them."""
        with contextlib.suppress(Ended, Stopped, Waiting, Hangs):
            if not self._waiting or self._vforked:
                self._do(_NOTHING)

    async def faults(self) -> int:
        """Count its page faults so far, those of its system calls among them."""
        fields = self._stat()
        return int(fields[7]) + int(fields[9]) if fields else 0  # minor and major ones

    async def look(self, address: int) -> Sight:
        """Look at a page of it."""
        return look(self.pid, address)

    async def find(self, name: str) -> int | None:
        """Return the first address of its mapping of that name; None if it has none."""
        return next((start for start, _ in mappings_called(self.pid, name)), None)


def letter_of(slot: Slot) -> str:
    """The argument by which a process finds its slot."""
    return chr(ord("A") + slot.number)


def _canonical(address: int) -> bool:
    return address >> 47 in (0, (1 << 17) - 1)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
