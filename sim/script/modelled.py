"""The kernel of ``sw`` as a host of scripts, on a machine that an engine makes run."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from sim.machine import Machine
from sw.arch.x86.entry.syscalls.syscall_64 import sys_call_table
from sw.arch.x86.mm.tlb import flush_tlb_local
from sw.errno import KernelError
from sw.fs.ramfs.inode import rootfs
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_FIXED, MAP_SHARED, PROT_READ, PROT_WRITE
from sw.include.linux.sched import signal_pending, task_is_stopped_or_traced
from sw.include.linux.signal_types import (
    SIG_DFL, SIG_HANDLER, SIG_IGN, SIGNAL_SHELL_JOB, Signal,
)
from sw.init.initramfs import do_copy
from sw.kconfig import kconfig
from sw.kernel.cred import cred
from sw.kernel.pid import init_pid_ns
from sw.user import User

from . import host
from .host import PROCESSES, STAGE, Caught, Ended, Sent, Sight
from .instructions import execute
from .mishaps import told
from .sight import look


__all__ = ["ModelHost", "ModelProcess"]


T = TypeVar("T")

#: Memory for operands: the same place as on Linux, shared and so not copied by a fork; a part for
#: each process.
_START, _SIZE = 0x2_0000_0000, 0x1_0000

_OFFSET = _SIZE - STAGE

_PAGE = 4096

_RT_SIGACTION = 13

#: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV.
_CAUSED = (4, 5, 7, 8, 11)

#: The file of the program that a process plays.
_AGENT = "/agent"

_ACTIONS = {"handle": SIG_HANDLER, "ignore": SIG_IGN, "default": SIG_DFL}

#: The ordinary user.
_UID = 1000


class ModelHost:
    """A :class:`sim.script.host.Host` on a machine whose kernel has booted.

    Parameters
    ----------
    machine : :class:`sim.machine.Machine`
        The machine.
    root : :class:`bool`
        Processes are root's unless they say otherwise.
    """

    patience = 1

    def __init__(self, machine: Machine, *, root: bool = False):
        self._machine = machine
        self._uid     = 0 if root else _UID
        self.parts    = iter(range(PROCESSES))
        self.born:    list[ModelProcess] = []

    async def pause(self, looks: int) -> None:
        """Do nothing: all that can happen has happened."""

    async def file(self, path: str, contents: bytes, mode: int) -> None:
        """Make a file in the page cache."""
        await do_copy(self._machine.cpu, path, contents, mode, self._uid)

    async def process(self, name: str, uid: int | None) -> "ModelProcess":
        """Begin a process."""
        user = await User.create(self._machine.cpu, name,
                                 cred.of_user(self._uid if uid is None else uid))
        # As on Linux it begins a session, and so is nobody's job.
        user.task.signal.session = user.pid
        user.task.signal.flags  &= ~SIGNAL_SHELL_JOB
        process = ModelProcess(user, self)
        await process.begin()
        return process


class ModelProcess:
    """A :class:`sim.script.host.Process` of the kernel in ``sw``.

    Parameters
    ----------
    user : :class:`sw.user.User`
        The process as its program sees it.
    host : :class:`ModelHost`
        Its kernel.
    """

    def __init__(self, user: User, host: ModelHost):
        self._user = user
        self._host = host
        self._part = next(host.parts)
        self._sent: list[Sent] = []
        self._again: Callable[[], Awaitable[object]] | None = None
        host.born.append(self)

    async def begin(self) -> None:
        """Map the memory for operands, and handle what instructions cause."""
        await self._user.mmap(_SIZE * PROCESSES, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, addr=_START)
        await self.touch()
        await self._user.handle(*_CAUSED)

    async def touch(self) -> None:
        """Have its own part of that memory present."""
        for offset in range(0, STAGE, _PAGE):
            await self._user.store(self.stage + offset, 0, 1)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._user.pid

    @property
    def stage(self) -> int:
        """Address of the memory for the operands of its system calls."""
        return _START + _SIZE * self._part + _OFFSET

    async def put(self, contents: bytes, offset: int = 0) -> None:
        """Put bytes there."""
        await self._user.store_bytes(self.stage + offset, contents)

    async def get(self, count: int, offset: int = 0) -> bytes:
        """Return bytes from there."""
        return await self._user.load_bytes(self.stage + offset, count)

    async def syscall(self, number: int, *args: int | str) -> int:
        """Do a system call; return RAX. The kernel's table says how many arguments it has."""
        function = sys_call_table.get(number)
        if function is not None:
            wanted = len(inspect.signature(function).parameters) - 1
            args   = (*args, *[0] * wanted)[:wanted]
        with told(self._user):
            try:
                return _signed(await self._user.syscall(number, *args))
            except KernelError as error:
                return -error.errno
            except Signal as signal:
                if signal.ax is None:
                    raise
                self._sent.append(_sent(signal))
                return _signed(signal.ax)
            finally:
                for other in self._host.born:
                    await other.go_on()

    async def fork(self, number: int, *args: int,
                   waits: bool = False) -> "tuple[int, ModelProcess | None]":
        """Do a system call that makes a process or thread; return RAX, and what it has made.

        That one ``waits`` changes nothing: the call is done before.
        """
        ret = await self.syscall(number, *args)
        if ret < 0:
            return ret, None
        child = ModelProcess(User(self._user.cpu, init_pid_ns(self._user.cpu).tasks[ret]),
                             self._host)
        await child.touch()
        return ret, child

    async def execve(self) -> int:
        """Replace its program by the same one, with new memory; return RAX."""
        if _AGENT not in rootfs(self._user.cpu):
            await do_copy(self._user.cpu, _AGENT, b"\x7fELF", 0o755)
        with told(self._user):
            try:
                await self._user.execve(_AGENT)
            except KernelError as error:
                return -error.errno
        await self.begin()
        return 0

    async def load(self, address: int, size: int) -> int:
        """Load a number."""
        return await self._do(lambda: self._user.load(address & self._mask, size))

    async def store(self, address: int, size: int, value: int) -> None:
        """Store a number."""
        await self._do(lambda: self._user.store(address & self._mask, value, size))

    async def fetch(self, address: int) -> None:
        """Fetch a byte of an instruction."""
        await self._do(lambda: self._user.fetch(address & self._mask))

    async def call(self, address: int) -> int:
        """Call a function of the few instructions that are modelled; return RAX."""
        return await self._do(lambda: execute(self._user, address & self._mask))

    async def _do(self, instruction: Callable[[], Awaitable[T]]) -> T:
        """Execute an instruction. If it stops in it, it is to be executed again."""
        stopped = task_is_stopped_or_traced(self._user.task)
        try:
            with told(self._user):
                return await instruction()
        except host.Stopped:
            self._again = None if stopped else instruction
            raise

    async def go_on(self) -> None:
        """Execute the instruction again in which it has stopped, if it may go on.

        Its tracer may have taken the signal away that it was to end in. What comes of it is of
        interest to nobody but the tracer.
        """
        task = self._user.task
        if self._again is None or task_is_stopped_or_traced(task):
            return
        instruction, self._again = self._again, None
        if not (task.exit_state or signal_pending(task)):
            with suppress(Caught, Ended, host.Stopped, host.Waiting):
                await self._do(instruction)

    async def int3(self) -> None:
        """Execute INT3."""
        with told(self._user):
            await self._user.int3()

    async def sigaction(self, signo: int, action: str) -> int:
        """Have a signal handled, ignored or as at first."""
        return min(await self.syscall(_RT_SIGACTION, signo, _ACTIONS[action]), 0)

    async def met(self) -> Sequence[Sent]:
        """Return the signals from elsewhere that it has handled since the last call.

        The processor forgets its translations, as one that has had other work to do. A page that
        has become writable could else fault once more, which depends on the processor.
        """
        await flush_tlb_local(self._user.cpu)
        with told(self._user):
            while True:
                try:
                    await self._user.nop()
                except Signal as signal:
                    # One that a step caused before its tracer let it go on has no step any more.
                    if signal.signo not in _CAUSED or signal.si_code <= 0:
                        self._sent.append(_sent(signal))
                else:
                    sent, self._sent = self._sent, []
                    return sent

    async def faults(self) -> int:
        """Count its page faults so far."""
        return self._user.task.min_flt

    async def look(self, address: int) -> Sight:
        """Look at a page of it."""
        cpu, mm = self._user.cpu, self._user.task.mm
        assert mm is not None, "the process lives"
        return await look(cpu, mm, address)

    async def find(self, name: str) -> int | None:
        """Return the first address of its mapping of that name; None if it has none."""
        mm = self._user.task.mm
        assert mm is not None, "the process lives"
        return next((vma.vm_start for vma in mm.mmap
                     if vma.vm_ops is not None and vma.vm_ops.name == name), None)

    @property
    def _mask(self) -> int:
        return kconfig(self._user.cpu).paging.address_mask


def _sent(signal: Signal) -> Sent:
    return Sent(signal.signo, signal.si_code, signal.si_pid, signal.si_status)


def _signed(value: int) -> int:
    """Take 64 bits as a signed number, as those who look for an error do."""
    return (value + (1 << 63) & (1 << 64) - 1) - (1 << 63)
