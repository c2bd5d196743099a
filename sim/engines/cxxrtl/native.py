# amaranth: UnusedElaboratable=no
"""A compiled machine, called through its C interface."""

import ctypes
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from threading import Lock

from hw.arbiter import Arbiter
from hw.bus import Register as HwRegister
from hw.config import MmuConfig
from sim.engines.testbench import Testbench
from sim.memory import PAGE, PhysicalMemory
from sim.schedule import TimeSlice
from sw.bus import Register

from . import commands, logged, ports
from .commands import Command, Completion, Status
from .library import Sources, compiled, library, package_files
from .log import Part, copied
from .logged import Logged
from .platforms import Platform
from .processor import CompiledProcessor
from .structures import Number, Word


__all__ = ["CompiledMachine", "Design", "Native", "native"]


FILES = ("bare.h", "clock.h", "dispatcher.h", "entries.h", "log.h", "lone_unit.h", "machine.cc",
         "memory.h", "port.h", "processor_port.h", "target.h", "unit_driver.h", "view_log.h")

Handle  = ctypes.c_void_p
Address = ctypes.c_void_p
PageOf  = ctypes.CFUNCTYPE(ctypes.c_void_p, Number)
Numbers = ctypes.POINTER(Number)

FUNCTIONS = (
    ("machine_new",          Handle,  [Number, ctypes.c_char_p, Number, PageOf, Number, Number,
                                       Word]),
    ("machine_delete",       None,    [Handle]),
    ("machine_run",          None,    [Handle]),
    ("machine_status",       Address, [Handle]),
    ("machine_command",      Address, [Handle, Word]),
    ("machine_completion",   Address, [Handle, Word]),
    ("machine_plan",         None,    [Handle, ctypes.POINTER(Word), Number, Word]),
    ("machine_drop_slices",  None,    [Handle]),
    ("machine_log",          None,    [Handle, Word, ctypes.POINTER(Logged)]),
    ("machine_views",        Address, [Handle, Numbers]),
    ("machine_forget",       None,    [Handle, Word]),
    ("machine_forget_views", None,    [Handle]),
    ("bare_copies",          Number,  [Numbers, Number, Numbers, *[Number] * 5]),
)

#: Words of a memory without an end.
_ALL = (1 << 64) - 1

_ELABORATING = Lock()

#: Words of a log of views.
Words = memoryview


class Design:
    """A testbench that can be compiled.

    Parameters
    ----------
    config, cpus, arbiter
        Those of a :class:`sim.engines.testbench.Testbench`.

    Attributes
    ----------
    parts : :class:`tuple` of :class:`str`
        All that it depends on, beside code.
    """

    def __init__(self, config: MmuConfig, cpus: int = 1, arbiter: type[Arbiter] = Arbiter):
        self.parts  = repr(config), str(cpus), arbiter.__qualname__
        self._bench = partial(Testbench, config, cpus=cpus, arbiter=arbiter, view=True)

    @cached_property
    def bench(self) -> Testbench:
        """The testbench. It takes a while to make."""
        return self._bench()

    def sources(self) -> Sources:
        """Write it as the sources of a library."""
        # Amaranth numbers its objects, and not for several threads at a time.
        with _ELABORATING:
            designs, view = ports.designs(self.bench)
        return Sources(designs, {
            **package_files(__package__, *FILES), "commands.h": commands.header(),
            "logged.h": logged.header(), "ports.h": ports.header(self.bench, view),
        }, main="machine.cc")

    def compiled(self, platform: Platform, *, waiting: Callable[[], None]) -> Path:
        """The library of it for a ``platform``, a file in the cache.

        The code that makes the testbench is as its files have it. ``waiting`` is called several
        times a second while it is compiled. Raises :class:`sim.errors.Unavailable`.
        """
        return compiled(self.sources, FUNCTIONS, shipped=self.parts, platform=platform,
                        waiting=waiting)


class Native:
    """A compiled testbench, of which machines can be made.

    Parameters
    ----------
    config, cpus, arbiter
        Those of a :class:`sim.engines.testbench.Testbench`.
    shipped : :class:`bool`
        The code that makes the testbench is as its files have it: see
        :func:`.cxxrtl.library.library`.

    Attributes
    ----------
    calls : :class:`ctypes.CDLL`
        Its C interface.
    """

    def __init__(self, config: MmuConfig, *, cpus: int, arbiter: type[Arbiter], shipped: bool):
        self._design = Design(config, cpus, arbiter)
        self.calls   = library(self._design.sources, FUNCTIONS,
                               shipped=self._design.parts if shipped else None)

    @property
    def bench(self) -> Testbench:
        """The design that is compiled. It takes a while to make, and only waveforms need it."""
        return self._design.bench

    def bare_copies(
        self, memory: bytearray, controls: Sequence[tuple[Register, int]], *, to: int,
        from_: int, count: int, times: int,
    ) -> int:
        """Copy ``count`` bytes, ``times`` over, with nothing around the design: see bare.h.

        ``memory`` is all of physical memory, ``controls`` the writes of registers at first, in
        their order; ``count`` is a multiple of 512. Returns the cycles. Raises
        :class:`RuntimeError` if there was a fault or no response.
        """
        words    = (Number * (len(memory) // 8)).from_buffer(memory)
        written  = [number for register, value in controls
                    for number in (HwRegister[register.name].value, value)]
        cycles: int = self.calls.bare_copies(
            words, len(words), (Number * len(written))(*written), len(controls),
            to, from_, count // 8, times)
        if not cycles:
            raise RuntimeError("the design does not copy")
        return cycles


class CompiledMachine:
    """One compiled machine at its reset, that shares the pages of ``memory``.

    Parameters
    ----------
    native : :class:`Native`
        The design.
    memory : :class:`sim.memory.PhysicalMemory`
        What is behind it.
    deadline : :class:`int`
        Cycles in which a unit must do something for an operation.
    view : :class:`bool`
        Log what a waveform shows.

    Attributes
    ----------
    status : :class:`.commands.Status`
        How far it is.
    run : callable
        Run until a command ends, a processor hangs, or the cycle is ``status.limit``.
    """

    def __init__(self, native: Native, memory: PhysicalMemory, *, deadline: int, view: bool):
        self._calls   = native.calls
        self._memory  = memory
        self._pages: list[ctypes.Array[ctypes.c_char]] = []
        self._page_of = PageOf(self._share)  # must live as long as the machine
        stall         = bytes(memory.stall)
        words         = _ALL if memory.size is None else memory.size // 8
        self._handle  = Handle(self._calls.machine_new(
            memory.latency, stall, len(stall), self._page_of, words, deadline, view))
        self.status   = Status.from_address(self._calls.machine_status(self._handle))
        call, handle  = self._calls.machine_run, self._handle
        self.run: Callable[[], None] = lambda: call(handle)

    def attach(self, number: int, processor: CompiledProcessor) -> None:
        """Connect processor ``number``."""
        processor.attach(
            Command.from_address(self._calls.machine_command(self._handle, number)),
            Completion.from_address(self._calls.machine_completion(self._handle, number)))

    def plan(self, slices: Iterable[TimeSlice], *, more: bool) -> None:
        """Add slices to those to come; ``run`` returns when there are ``more`` that it needs."""
        words = [word for time_slice in slices for word in time_slice]
        self._calls.machine_plan(self._handle, (Word * len(words))(*words), len(words) // 2,
                                 more)

    def drop_slices(self) -> None:
        """Forget all slices, the present one too."""
        self._calls.machine_drop_slices(self._handle)

    def take_log(self, number: int) -> dict[str, Part]:
        """All that was logged of processor ``number`` since the last time, or was open then."""
        logged = Logged()
        self._calls.machine_log(self._handle, number, logged)
        parts = copied(logged)
        self._calls.machine_forget(self._handle, number)
        return parts

    def drop_log(self, number: int) -> None:
        """Forget what was logged of processor ``number``, unread."""
        self._calls.machine_forget(self._handle, number)

    def take_views(self) -> Words:
        """Rows for a waveform since the last time: a cycle in two words, and the view."""
        size  = Number()
        words = _words(self._calls.machine_views(self._handle, size), size.value)
        self._calls.machine_forget_views(self._handle)
        return words

    def delete(self) -> None:
        """Free what C++ has allocated. The machine cannot be used any more."""
        self._calls.machine_delete(self._handle)

    def _share(self, number: int) -> int:
        page = (ctypes.c_char * PAGE).from_buffer(self._memory.page(number))
        self._pages.append(page)  # keeps the page where it is
        return ctypes.addressof(page)


def _words(start: int | None, count: int) -> Words:
    return memoryview(ctypes.string_at(start, 4 * count) if start else b"").cast("I")


_compiled: dict[tuple[MmuConfig, int, type[Arbiter], bool], Native] = {}


def native(config: MmuConfig, *, cpus: int = 1, arbiter: type[Arbiter] = Arbiter,
           shipped: bool = False) -> Native:
    """The compiled testbench for these. Raises :class:`sim.errors.Unavailable`."""
    key = config, cpus, arbiter, shipped
    if key not in _compiled:
        _compiled[key] = Native(config, cpus=cpus, arbiter=arbiter, shipped=shipped)
    return _compiled[key]
