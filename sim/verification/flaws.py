# amaranth: UnusedElaboratable=no
"""A unit that can be made to have any of several flaws, to see that each is caught.

An input chooses the flaw, so that one model serves for all of them. Some are between two parts of
the unit, others between the unit and its ports, where a whole part is wrapped in another one.
"""

from types import SimpleNamespace
from typing import Any
from unittest import mock

from amaranth.hdl import Cat, Fragment, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from hw.config import MmuConfig
import hw.mmu
from hw.permission import Protection, denied
from hw.tlb import Flush
import hw.translator
import hw.walker


__all__ = ["FLAWS", "Flawed"]


#: Each flaw, and words of what is said of it. The last one is not the unit's.
FLAWS = {
    "WP is ignored":                        "golden machine",
    "AC opens nothing":                     "golden machine",
    "the D bit is lost":                    "golden machine",
    "an update does not compare":           "neither order",
    "an update is not locked":              "golden machine",
    "a lock ends between its halves":       "lock until answered",
    "INVLPG does nothing":                  "golden machine",
    "a write of CR3 flushes nothing":       "golden machine",
    "chained accesses are done":            "golden machine",
    "the second page is behind the first":  "golden machine",
    "a stalled request moves on":           "held while stalled",
    "a bus cycle ends too early":           "cycle until answered",
    "an answer is withdrawn":               "offer held",
    "an answer changes while it waits":     "payload held",
    "an answer is lost":                    "nothing happens",
    "a request is answered twice":          "answer to a request",
    "an operation does not wait":           "operation alone",
    "memory answers twice":                 "answer owed",
}


class _Around(wiring.Component):
    """A part, and something between it and its ports.

    Parameters
    ----------
    part : component
        The part.
    flaw : :class:`Signal`
        Number of the flaw that counts.
    """

    def __init__(self, part: Any, flaw: Value):
        self.part = part
        self.flaw = flaw
        super().__init__(part.signature)

    def elaborate(self, platform: Any) -> Module:
        """Connect the ports of the part, and then connect some of them otherwise."""
        m = Module()
        m.submodules.part = self.part
        connect(m, flipped(self), self.part)
        self.spoil(m, self.part)
        return m

    def having(self, name: str) -> Value:
        """Whether the unit has this flaw."""
        return self.flaw == 1 + list(FLAWS).index(name)

    def spoil(self, m: Module, part: Any) -> None:
        """Add the flaws."""


class _AroundUpdater(_Around):
    def spoil(self, m: Module, part: Any) -> None:
        before = part.request.p.expected
        with m.If(self.having("the D bit is lost")):
            m.d.comb += self.memory.dat_w[6].eq(before[6])
            with m.If(part.memory.sel == 0xf0):
                m.d.comb += self.memory.dat_w[32 + 6].eq(before[6])
        with m.If(self.having("an update does not compare")):
            m.d.comb += part.memory.dat_r.eq(
                Mux(part.request.p.wide, before, Cat(before[:32], before[:32])))
        with m.If(self.having("an update is not locked")):
            m.d.comb += self.memory.lock.eq(0)
        with m.If(self.having("a lock ends between its halves")):
            m.d.comb += self.memory.lock.eq(part.memory.stb)


class _AroundControl(_Around):
    def spoil(self, m: Module, part: Any) -> None:
        with m.If(self.having("INVLPG does nothing")):
            m.d.comb += self.invalidate.valid.eq(0)
        with m.If(self.having("a write of CR3 flushes nothing") & (part.flush == Flush.LOCAL)):
            m.d.comb += self.flush.eq(Flush.NONE)
        with m.If(self.having("an operation does not wait")):
            m.d.comb += part.quiet.eq(1)


class _AroundTranslator(_Around):
    def spoil(self, m: Module, part: Any) -> None:
        with m.If(self.having("chained accesses are done")):
            m.d.comb += part.request.p.chained.eq(0)
        with m.If(self.having("the second page is behind the first")):
            m.d.comb += self.result.p.second.eq(part.result.p.physical[12:] + 1)


class _AroundUnit(_Around):
    def spoil(self, m: Module, part: Any) -> None:
        stalled = Signal()
        m.d.sync += stalled.eq(part.memory.stb & self.memory.stall)
        with m.If(self.having("a stalled request moves on")):
            m.d.comb += self.memory.adr.eq(part.memory.adr ^ stalled)
        with m.If(self.having("a bus cycle ends too early")):
            m.d.comb += self.memory.cyc.eq(part.memory.stb | part.memory.lock)
        self._spoil_answers(m, self.access.response, part.access.response)

    def _spoil_answers(self, m: Module, mine: Any, real: Any) -> None:
        waited, last, again = Signal(), Signal.like(Value.cast(mine.payload)), Signal()
        m.d.sync += waited.eq(mine.valid & ~mine.ready)
        with m.If(self.having("an answer is withdrawn") & waited):
            m.d.comb += [mine.valid.eq(0), real.ready.eq(0)]
        with m.If(self.having("an answer changes while it waits") & waited):
            m.d.comb += mine.payload.data.eq(~real.payload.data)
        with m.If(self.having("an answer is lost")):
            m.d.comb += [mine.valid.eq(0), real.ready.eq(1)]
        with m.If(self.having("a request is answered twice")):
            with m.If(mine.valid & mine.ready):
                m.d.sync += [again.eq(~again), last.eq(Value.cast(mine.payload))]
            with m.If(again):
                m.d.comb += [mine.valid.eq(1), Value.cast(mine.payload).eq(last), real.ready.eq(0)]


class Flawed(wiring.Component):
    """The unit with a flaw.

    Parameters
    ----------
    config : :class:`MmuConfig`
        What the unit can do.

    Members
    -------
    flaw : :py:`In(8)`
        Number of the flaw in :data:`FLAWS`, from 1 on; 0 is none.
    access, control, memory, events
        Those of :class:`hw.mmu.Mmu`.
    """

    def __init__(self, config: MmuConfig):
        self._unit = hw.mmu.Mmu(config)
        super().__init__({"flaw": In(8), **dict(self._unit.signature.members)})

    def elaborate(self, platform: Any) -> Module:
        """Put the unit together from parts that are wrapped."""
        m    = Module()
        unit = _AroundUnit(self._unit, self.flaw)
        for name in ("access", "control", "memory"):
            connect(m, flipped(getattr(self, name)), getattr(unit, name))
        m.d.comb += self.events.eq(unit.events)

        def wrapped(module: Any, name: str, around: type[_Around]) -> Any:
            part = getattr(module, name)
            return mock.patch.object(module, name, lambda config: around(part(config), self.flaw))

        def careless(**given: Any) -> Any:
            protection = SimpleNamespace(**{
                name: getattr(given["protection"], name) for name, _ in Protection.as_shape()})
            protection.wp &= ~unit.having("WP is ignored")
            protection.ac &= ~unit.having("AC opens nothing")
            return denied(**given | {"protection": protection})

        with (wrapped(hw.mmu, "Translator", _AroundTranslator),
              wrapped(hw.mmu, "Control", _AroundControl),
              wrapped(hw.walker, "Updater", _AroundUpdater),
              mock.patch.object(hw.translator, "denied", careless),
              mock.patch.object(hw.walker, "denied", careless)):
            # Parts of parts are made while the unit is put together.
            m.submodules.unit = Fragment.get(unit, platform)
        return m
