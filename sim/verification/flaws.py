# amaranth: UnusedElaboratable=no
"""A unit that can be made to have any of several flaws, so that each can be seen to be noticed.

An input chooses the flaw: one build serves for all of them. Some are between two parts of the unit,
others between the unit and its ports: a part is wrapped in another one, which changes its signals.
"""

from types import SimpleNamespace
from typing import Any
from unittest import mock

from amaranth.hdl import C, Cat, Fragment, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, connect, flipped

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
import hw.control
from hw.layout import AccessKind, Entry, Flush, Level
from hw.legality import loads_pdptes
from hw.linear import canonical
import hw.mmu
import hw.pdpte
from hw.permission import Protection, denied, denied_by_key, supervises
from hw.reserved import malformed_pdpte, references_table, reserved
import hw.translator
import hw.walker


__all__ = ["FLAWS", "FlawedMmu"]


#: Each flaw, and words of its failure's message. The last flaw is not the unit's.
FLAWS = {
    "WP is ignored":                        "golden model",
    "AC opens nothing":                     "golden model",
    "a key stops fetches":                  "golden model",
    "WD ignores WP":                        "golden model",
    "the CPL chooses PKRU or PKRS":         "golden model",
    "PKRU does not count on a hit":         "golden model",
    "the D bit is lost":                    "golden model",
    "an update does not compare":           "no interleaving",
    "an update is not locked":              "golden model",
    "a lock ends between its halves":       "lock until acknowledged",
    "INVLPG does nothing":                  "golden model",
    "INVPCID does nothing":                 "golden model",
    "a write of CR3 flushes nothing":       "golden model",
    "PDPTEs are read in each walk":         "golden model",
    "a malformed PDPTE is loaded":          "golden model",
    "CR4 loads no PDPTEs":                  "golden model",
    "PS makes a page of a PML5E":           "golden model",
    "LA57 widens no address":               "golden model",
    "upper bits are ignored in PAE paging": "golden model",
    "chained accesses are done":            "golden model",
    "the second page is behind the first":  "golden model",
    "a stalled request moves on":           "held while stalled",
    "a bus cycle ends too early":           "cycle until acknowledged",
    "a response is withdrawn":              "offer held",
    "a response changes while it waits":    "payload held",
    "a response is lost":                   "nothing happens",
    "a request gets two responses":         "response to a request",
    "an operation does not wait":           "operation alone",
    "memory acknowledges twice":            "acknowledgement owed",
}


_PROTECTION = [name for name, _ in Protection.as_shape()]


class _Wrapper(wiring.Component):
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


class _FlawedUpdater(_Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        before = part.request.p.expected
        with m.If(self.has("the D bit is lost") & part.memory.we):
            m.d.comb += self.memory.dat_w[6].eq(before[6])
            with m.If(part.memory.sel == 0xf0):
                m.d.comb += self.memory.dat_w[32 + 6].eq(before[6])
        with m.If(self.has("an update does not compare")):
            m.d.comb += part.memory.dat_r.eq(
                Mux(part.request.p.wide, before, Cat(before[:32], before[:32])))
        with m.If(self.has("an update is not locked")):
            m.d.comb += self.memory.lock.eq(0)
        with m.If(self.has("a lock ends between its halves")):
            m.d.comb += self.memory.lock.eq(part.memory.stb)


class _FlawedControl(_Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        with m.If(self.has("INVLPG does nothing")):
            with m.If(part.invalidation.single):
                m.d.comb += self.invalidation.flush.eq(Flush.NONE)
        with m.If(self.has("INVPCID does nothing")
                  & (part.control.request.p.op == ControlOp.INVPCID)):
            m.d.comb += self.invalidation.flush.eq(Flush.NONE)
        with m.If(self.has("a write of CR3 flushes nothing")
                  & (part.invalidation.flush == Flush.LOCAL)):
            m.d.comb += self.invalidation.flush.eq(Flush.NONE)
        with m.If(self.has("an operation does not wait")):
            m.d.comb += part.quiet.eq(1)


class _FlawedWalker(_Wrapper):
    """A walker that can take the PDPTE from memory, and not from its register.

    ``control`` is the present control state.
    """

    control: Any

    def inject(self, m: Module, part: Any) -> None:
        if not part.config.pae:
            return
        request, known, read = self.request, Signal(), Signal(64)
        quarter = Signal(2)
        m.d.comb += quarter.eq(request.p.page[18:20])
        with m.If(self.has("PDPTEs are read in each walk") & self.mode.pae):
            m.d.comb += part.pdptes[quarter].eq(read)
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


class _FlawedTranslator(_Wrapper):
    def inject(self, m: Module, part: Any) -> None:
        with m.If(self.has("PKRU does not count on a hit")):
            m.d.comb += part.protection.pkru.eq(0)
        with m.If(self.has("chained accesses are done")):
            m.d.comb += part.request.p.chained.eq(0)
        with m.If(self.has("the second page is behind the first")):
            m.d.comb += self.result.p.second.eq(part.result.p.physical[12:] + 1)


class _FlawedUnit(_Wrapper):
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


def _changed(view: Any, shape: Any, **fields: Any) -> Any:
    """A view of ``shape`` with some of its fields otherwise."""
    return SimpleNamespace(**{name: getattr(view, name) for name in shape} | fields)


class FlawedMmu(wiring.Component):
    """A unit with a flaw.

    Parameters
    ----------
    config : :class:`MmuConfig`
        Configuration of the unit.

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
        """Put the unit together from wrapped parts."""
        m    = Module()
        unit = _FlawedUnit(self._unit, self.flaw)
        for name in ("access", "control", "memory"):
            connect(m, flipped(getattr(self, name)), getattr(unit, name))
        m.d.comb += self.events.eq(unit.events)

        def wrapped(module: Any, name: str, wrapper: type[_Wrapper]) -> Any:
            part = getattr(module, name)
            return mock.patch.object(module, name, lambda config: wrapper(part(config), self.flaw))

        _FlawedWalker.control = unit.control.state

        def without(entry: Any, flaw: str, bits: int, when: Any = 1) -> Any:
            mask = Mux(unit.has(flaw) & when, C(bits, 64), 0)
            return View(Entry, entry.as_value() & ~mask)

        def forgiving(entry: Any, level: Any, **given: Any) -> Any:
            entry = without(entry, "upper bits are ignored in PAE paging", 0x7ff << 52,
                            given["mode"].pae)
            return reserved(without(entry, "PS makes a page of a PML5E", 0x80,
                                    level == Level.PML5), level, **given)

        def referring(entry: Any, level: Any, **given: Any) -> Any:
            return references_table(without(entry, "upper bits are ignored in PAE paging",
                                            0x7ff << 52, given["mode"].pae), level, **given)

        def well_formed(pdpte: Any, **given: Any) -> Any:
            return malformed_pdpte(pdpte, **given) & ~unit.has("a malformed PDPTE is loaded")

        def loading(register: Any, *given: Any, **config: Any) -> Any:
            return loads_pdptes(register, *given, **config) & ~(
                unit.has("CR4 loads no PDPTEs") & (register == Register.CR4))

        def narrow(linear: Any, *, la57: Any) -> Any:
            return canonical(linear, la57=la57 & ~unit.has("LA57 widens no address"))

        def lenient(*, protection: Any, **given: Any) -> Any:
            return denied(**given, protection=_changed(
                protection, _PROTECTION, wp=protection.wp & ~unit.has("WP is ignored"),
                ac=protection.ac & ~unit.has("AC opens nothing")))

        def mistaken(*, access: Any, rights: Any, protection: Any, **given: Any) -> Any:
            fetched = (access.kind == AccessKind.FETCH) & unit.has("a key stops fetches")
            kind = Mux(fetched, AccessKind.READ, access.kind)
            user = Mux(unit.has("the CPL chooses PKRU or PKRS"), ~supervises(access), rights.user)
            return denied_by_key(
                **given, access=_changed(access, ("user", "implicit"), kind=kind),
                rights=_changed(rights, (), user=user),
                protection=_changed(protection, _PROTECTION,
                                    wp=protection.wp | unit.has("WD ignores WP")))

        with (wrapped(hw.mmu, "Translator", _FlawedTranslator),
              wrapped(hw.mmu, "Control", _FlawedControl),
              wrapped(hw.mmu, "Walker", _FlawedWalker),
              wrapped(hw.walker, "Updater", _FlawedUpdater),
              mock.patch.object(hw.translator, "denied", lenient),
              mock.patch.object(hw.walker, "denied", lenient),
              mock.patch.object(hw.walker, "reserved", forgiving),
              mock.patch.object(hw.walker, "references_table", referring),
              mock.patch.object(hw.pdpte, "malformed_pdpte", well_formed),
              mock.patch.object(hw.control, "loads_pdptes", loading),
              mock.patch.object(hw.translator, "canonical", narrow),
              mock.patch.object(hw.translator, "denied_by_key", mistaken),
              mock.patch.object(hw.walker, "denied_by_key", mistaken)):
            # Parts of parts are made while the unit is put together.
            m.submodules.unit = Fragment.get(unit, platform)
        return m
