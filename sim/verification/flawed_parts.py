# amaranth: UnusedElaboratable=no
"""Parts of the unit, each wrapped in another that can change its signals at its ports."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from hw.bus import ControlOp
from hw.layout import Flush
import hw.mmu
from hw.tlb.array import Stamps
import hw.tlb.tlb
import hw.walker

from .flaw_list import FLAWS


__all__ = ["WRAPPERS", "FlawedStampBank", "FlawedUnit", "FlawedWalker", "Wrapper"]


class Wrapper(wiring.Component):
    """A part with flaws between it and its ports.

    Parameters
    ----------
    part : component
        The part.
    flaw : :class:`Signal`
        Number of the flaw that is active.
    """

    def __init__(self, part: Any, flaw: Value):
        self.part = part
        self.flaw = flaw
        super().__init__(part.signature)

    def elaborate(self, platform: Any) -> Module:
        """Connect the ports of the part, and then some of them otherwise."""
        m = Module()
        m.submodules.part = self.part
        connect(m, flipped(self), self.part)
        self.inject(m, self.part)
        return m

    def has(self, name: str) -> Value:
        """High if this flaw is active."""
        return self.flaw == 1 + [*FLAWS].index(name)

    def inject(self, m: Module, part: Any) -> None:
        """Add the flaws."""


class FlawedUpdater(Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        before = part.request.p.expected
        with m.If(self.has("the D bit is lost") & part.memory.we):
            m.d.comb += self.memory.dat_w[6].eq(before[6])
            with m.If(part.memory.sel == 0xf0):
                m.d.comb += self.memory.dat_w[32 + 6].eq(before[6])
        with m.If(self.has("an update does not compare")):
            m.d.comb += part.memory.dat_r.eq(
                Mux(part.request.p.wide, before, Cat(before[:32], before[:32])))
        with m.If(self.has("a walk begins anew for ever")):
            m.d.comb += part.memory.dat_r.eq(~self.memory.dat_r)
        with m.If(self.has("an update is not locked")):
            m.d.comb += self.memory.lock.eq(0)
        with m.If(self.has("a lock ends between its halves")):
            m.d.comb += self.memory.lock.eq(part.memory.stb)


class FlawedControl(Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        request, invpcid = part.control.request, Signal()
        with m.If(request.valid & request.ready):
            m.d.sync += invpcid.eq(request.p.op == ControlOp.INVPCID)
        with m.If(self.has("INVLPG does nothing")):
            with m.If(part.invalidation.single):
                m.d.comb += self.invalidation.flush.eq(Flush.NONE)
        with m.If(self.has("INVPCID does nothing") & invpcid):
            m.d.comb += self.invalidation.flush.eq(Flush.NONE)
        with m.If(self.has("a write of CR3 flushes nothing")
                  & (part.invalidation.flush == Flush.LOCAL)):
            m.d.comb += self.invalidation.flush.eq(Flush.NONE)
        page = Signal.like(part.invalidation.page)
        with m.If(part.invalidation.flush != Flush.NONE):
            m.d.sync += page.eq(part.invalidation.page)
        with m.If(self.has("INVLPG takes the page of another") & part.invalidation.single):
            m.d.comb += self.invalidation.page.eq(page)
        with m.If(self.has("global translations outlast a flush")
                  & (part.invalidation.flush == Flush.ALL)):
            m.d.comb += self.invalidation.flush.eq(Flush.LOCAL)
        with m.If(self.has("INVPCID means the current PCID") & invpcid):
            m.d.comb += self.invalidation.pcid.eq(part.mode.pcid)
        with m.If(self.has("an operation does not wait")):
            m.d.comb += part.quiet.eq(1)


class FlawedFirstLevel(Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        with m.If(self.has("pieces of a page outlast INVLPG")):
            m.d.comb += part.pieces.eq(0)


class FlawedSecondLevel(Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        rights = self.start.rights
        with m.If(self.has("INVLPG spares the second level")):
            m.d.comb += part.drop.eq(0)
        with m.If(self.has("rights above a table are forgotten")):
            m.d.comb += [
                rights.writable.eq(1), rights.user.eq(1), rights.execute_disable.eq(0)]
        with m.If(self.has("a clean page is written unseen")):
            m.d.comb += [part.write.eq(0), self.piece.dirty.eq(1)]


class FlawedStampBank(Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        with m.If(self.has("INVLPG spares tables") & part.single):
            m.d.comb += part.flush.eq(Flush.NONE)
        with m.If(self.has("a PCID has the stamps of another")):
            m.d.comb += part.switches.eq(0)
        with m.If(self.has("stamps are given anew too early")):
            for name, _ in Stamps.as_shape():
                m.d.comb += self.stamps[name].eq(Cat(part.stamps[name][:1], C(1, 1)))


class FlawedWalker(Wrapper):
    """A walker that tells of no page fault, or takes the PDPTE from memory and not its register.

    ``control`` is the present control state.
    """

    control: Any

    def inject(self, m: Module, part: Any) -> None:
        with m.If(self.has("a faulting walk fills")):
            m.d.comb += self.response.p.fault.eq(part.response.p.bus_error)
        if part.config.pae:
            self._inject_into_pdptes(m, part)

    def _inject_into_pdptes(self, m: Module, part: Any) -> None:
        request, known, read = self.request, Signal(), Signal(64)
        quarter = Signal(2)
        m.d.comb += quarter.eq(request.p.page[18:20])
        with m.If(self.has("PDPTEs are read in each walk") & self.mode.pae):
            m.d.comb += part.pdptes.as_value().word_select(quarter, 64).eq(read)
            with m.If(request.valid & part.request.ready & ~known):
                m.d.comb += [
                    part.request.valid.eq(0), request.ready.eq(0),
                    self.memory.cyc.eq(1), self.memory.sel.eq(0xff),
                    self.memory.adr.eq(Cat(quarter, self.control.cr3[5:32])),
                ]
                asked = Signal()
                m.d.comb += self.memory.stb.eq(~asked)
                with m.If(~self.memory.stall):
                    m.d.sync += asked.eq(1)
                with m.If(self.memory.ack):
                    m.d.sync += [asked.eq(0), known.eq(1), read.eq(self.memory.dat_r)]
            with m.Elif(self.response.valid & self.response.ready):
                m.d.sync += known.eq(0)


class FlawedTranslator(Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        with m.If(self.has("PKRU does not count on a hit")):
            m.d.comb += part.protection.pkru.eq(0)
        with m.If(self.has("chained accesses are done")):
            m.d.comb += part.request.p.chained.eq(0)
        with m.If(self.has("the second page is behind the first")):
            m.d.comb += self.result.p.second.eq(part.result.p.physical[12:] + 1)


class FlawedUnit(Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        stalled = Signal()
        m.d.sync += stalled.eq(part.memory.stb & self.memory.stall)
        with m.If(self.has("a stalled request moves on")):
            m.d.comb += self.memory.adr.eq(part.memory.adr ^ stalled)
        with m.If(self.has("a bus cycle ends too early")):
            m.d.comb += self.memory.cyc.eq(part.memory.stb | part.memory.lock)
        self._inject_into_responses(m, self.access.response, part.access.response)

    def _inject_into_responses(self, m: Module, ours: Any, real: Any) -> None:
        waited, last, again = Signal(), Signal.like(Value.cast(ours.payload)), Signal()
        m.d.sync += waited.eq(ours.valid & ~ours.ready)
        with m.If(self.has("a response is withdrawn") & waited):
            m.d.comb += [ours.valid.eq(0), real.ready.eq(0)]
        with m.If(self.has("a response changes while it waits") & waited):
            m.d.comb += ours.payload.data.eq(~real.payload.data)
        with m.If(self.has("a response is lost")):
            m.d.comb += [ours.valid.eq(0), real.ready.eq(1)]
        with m.If(self.has("a request gets two responses")):
            with m.If(ours.valid & ours.ready):
                m.d.sync += [again.eq(~again), last.eq(Value.cast(ours.payload))]
            with m.If(again):
                m.d.comb += [ours.valid.eq(1), Value.cast(ours.payload).eq(last), real.ready.eq(0)]


#: Parts of the unit that are wrapped, by module and name.
WRAPPERS: Mapping[tuple[Any, str], type[Wrapper]] = {
    (hw.mmu, "Translator"): FlawedTranslator,
    (hw.mmu, "Control"): FlawedControl,
    (hw.mmu, "Walker"): FlawedWalker,
    (hw.walker, "Updater"): FlawedUpdater,
    (hw.tlb.tlb, "FirstLevel"): FlawedFirstLevel,
    (hw.tlb.tlb, "SecondLevel"): FlawedSecondLevel,
    (hw.tlb.tlb, "StampBank"): FlawedStampBank,
}
