"""Adapters of the bus between an initiator and a memory, cycle by cycle; memories behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from amaranth.sim import SimulatorContext
from arbiter_support import GIVEN, SIGNALS, Drive, Initiator, Seen, following, signals_of
from hw_support import simulate

from hw.adapters.classic import ClassicBridge
from hw.adapters.width import DownConverter
from sim.memory import PhysicalMemory, Target

from .memory_support import StrictMemory


__all__ = ["ADAPTERS", "Adapter", "ClassicHalves", "ClassicTarget", "Cycle", "HalfMemory", "across"]


#: Signals that a target looks at.
REQUEST = ("cyc", "stb", "we", "adr", "sel", "dat_w")


class HalfMemory(StrictMemory):
    """Physical memory behind a bus of 32 bits.

    Attributes
    ----------
    failing : :class:`set`
        Physical addresses of words of 4 bytes whose transfers fail.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.failing: set[int] = set()

    def answers(self, word: int, write: int) -> bool:
        """Tell whether a transfer of the 4-byte word number ``word`` is answered, and done."""
        return word * 4 not in self.failing

    def transfer(self, word: int, write: int, sel: int, data: int) -> int:
        """Do one transfer of the 4-byte word number ``word``."""
        lane = 4 * (word & 1)
        return super().transfer(word >> 1, write, sel << lane, data << 8 * lane) \
            >> 8 * lane & 0xffff_ffff


class ClassicTarget:
    """Wishbone target in standard mode, stepped cycle by cycle.

    Parameters
    ----------
    memory : :class:`sim.memory.PhysicalMemory`
        What it does transfers on. It waits for a cycle less than the memory's latency, and while
        the memory stalls.
    lingering : :class:`bool`
        ``ack`` and ``err`` follow ``stb`` a cycle later, so that one is high for a cycle too long.
    """

    stall = 0

    def __init__(self, memory: PhysicalMemory, *, lingering: bool = False):
        self._memory    = memory
        self._lingering = lingering
        self._cycle     = 0
        self._waited    = 0
        self._requested = False
        self._last      = 0, 0
        self._request: tuple[int, ...] = (0, 0, 0, 0, 0, 0)
        self.ack, self.err, self.dat_r = 0, 0, 0

    def respond(self, *request: int) -> None:
        """Drive the response to ``request``, which is what the initiator drives in this cycle."""
        cyc, stb, we, adr, sel, dat_w = self._request = request
        memory, pattern = self._memory, self._memory.stall
        stalled = bool(pattern) and pattern[self._cycle % len(pattern)]
        ready   = self._requested if self._lingering else (
            self._waited >= memory.latency - 1 and not stalled)
        self.ack = self.err = self.dat_r = 0
        if cyc and stb and ready and not memory.answers(adr, we):
            self.err = 1
        elif cyc and stb and ready:
            self.ack, self.dat_r = 1, memory.transfer(adr, we, sel, dat_w)
        elif self._lingering and self._requested:
            self.ack, self.err = self._last

    def step(self, *request: int) -> None:
        """Go to the next cycle."""
        cyc, stb, *_ = request
        assert request == self._request
        self._last      = self.ack, self.err
        self._cycle    += 1
        self._requested = bool(cyc and stb)
        self._waited    = self._waited + 1 if cyc and stb and not (self.ack or self.err) else 0


class ClassicHalves(HalfMemory):
    """Physical memory behind a classic bus of 32 bits."""

    async def serve(self, ctx: SimulatorContext, port: Any) -> None:
        """Answer the transfers on ``port``, within the cycle if need be. Never returns."""
        target = ClassicTarget(self)
        edge   = ctx.tick()
        while True:
            request = [ctx.get(getattr(port, name)) for name in REQUEST]
            target.respond(*request)
            for name in ("ack", "err", "dat_r"):
                ctx.set(getattr(port, name), getattr(target, name))
            await edge
            target.step(*request)


class Both(wiring.Component):
    """A bus of 64 bits in pipelined mode in front, a classic one of 32 bits behind."""

    def __init__(self, *, maxphyaddr: int):
        self._converter = DownConverter(maxphyaddr=maxphyaddr)
        self._bridge    = ClassicBridge(maxphyaddr=maxphyaddr, data_width=32)
        super().__init__({"initiator": self._converter.signature.members["initiator"],
                          "target":    self._bridge.signature.members["target"]})

    def elaborate(self, platform: Any) -> Module:
        """Put one behind the other."""
        m = Module()
        m.submodules.converter = self._converter
        m.submodules.bridge    = self._bridge
        connect(m, flipped(self.initiator), self._converter.initiator)
        connect(m, self._converter.target, self._bridge.initiator)
        connect(m, self._bridge.target, flipped(self.target))
        return m


@dataclass(frozen=True)
class Adapter:
    """One of the adapters, and what may be behind it."""

    make:    Callable[..., Any]
    memory:  type[StrictMemory]
    classic: bool

    def target(self, memory: PhysicalMemory, *, lingering: bool = False) -> Any:
        """A target in front of ``memory``."""
        return ClassicTarget(memory, lingering=lingering) if self.classic else Target(memory)


#: By name: to 32 bits, to standard mode, and both.
ADAPTERS = {
    "narrow":  Adapter(DownConverter, HalfMemory, classic=False),
    "classic": Adapter(ClassicBridge, StrictMemory, classic=True),
    "both":    Adapter(Both, HalfMemory, classic=True),
}


@dataclass(frozen=True)
class Cycle:
    """One cycle: what the initiator drives and is given, and the same of the adapter."""

    driven:  Drive
    seen:    Seen
    request: Drive
    given:   Seen

    @property
    def accepted(self) -> bool:
        """The initiator's transfer is accepted."""
        return bool(self.driven.cyc and self.driven.stb and not self.seen.stall)

    @property
    def completed(self) -> bool:
        """One of the initiator's transfers completes."""
        return bool(self.driven.cyc and (self.seen.ack or self.seen.err))


def across(
    adapter: Adapter, initiator: Initiator, *, memory: PhysicalMemory, lingering: bool = False,
    others: Callable[[], None] = lambda: None, deadline: int = 10_000,
) -> list[Cycle]:
    """Let ``initiator`` reach ``memory`` through an adapter, until it ends; return the cycles.

    ``others`` is called at the beginning of each cycle in which the adapter's bus is not locked,
    for what another initiator does meanwhile.
    """
    log: list[Cycle] = []
    dut    = adapter.make(maxphyaddr=40)
    target = adapter.target(memory, lingering=lingering)
    given  = [name for name in GIVEN if name != "stall" or not adapter.classic]

    async def run(ctx: SimulatorContext) -> None:
        drive = next(initiator, None)
        while drive is not None:
            for name in SIGNALS:
                ctx.set(getattr(dut.initiator, name), getattr(drive, name))
            request = Drive(*(ctx.get(getattr(dut.target, name)) for name in SIGNALS))
            if not (request.cyc and request.lock):
                others()
            if adapter.classic:
                target.respond(*signals_of(request))
            for name in given:
                ctx.set(getattr(dut.target, name), getattr(target, name))
            _, _, *seen = await ctx.tick().sample(*(getattr(dut.initiator, name) for name in GIVEN))
            answer = Seen(target.stall, target.ack, target.dat_r, target.err)
            log.append(Cycle(drive, Seen(*seen), request, answer))
            target.step(*signals_of(request))
            drive = following(initiator, log[-1].seen)

    simulate(dut, run, deadline=deadline)
    return log
