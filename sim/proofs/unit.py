"""Proofs of the unit as a whole: the bus, control operations, and what its blocks expect.

By induction: they hold of runs of any length. So that it closes, further sentences say what the
blocks keep; they are proven with the others. Of memories, two sets or rows are there: how many
decides nothing. That at most one way of the first level hits is :mod:`sim.proofs.first_level`'s.

Ref: Wishbone B4, chapters 3.1.3.2 and 3.4; Intel SDM Vol. 3A, section 4.10.4.1.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal, Value

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault, Flush
from hw.linear import page_of
from hw.mmu import Mmu
from hw.presets import PRESETS
from hw.translation import each_of

from .design import inputs_of
from .opened import in_a_state, in_state, opened
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .stamp_promises import used_as_the_unit_does
from .streams import Held
from .transfers import what_is_kept
from .wishbone import BusWatch


__all__ = ["PROPERTIES", "UNITS", "prove_of_unit"]


def _small(preset: str) -> Any:
    """A preset with memories as small as there can be."""
    second = {"second_entries": 4, "directory_entries": 2, "reference_entries": 2}
    return replace(PRESETS[preset], tlb_entries=2, outstanding=2,
                   **(second if PRESETS[preset].second_entries else {}))


UNITS = {preset: _small(preset) for preset in PRESETS}

#: Cycles from reset in which there is a case of everything: paging is on, and a page walked.
CYCLES = 12


class Watch(Elaboratable):
    """A unit, its blocks, and what was so in the cycle before.

    Attributes
    ----------
    steady : :class:`Signal`
        The control state is that of the cycle before.
    free : :class:`Signal`
        In the cycle before no access was held, and none accepted.
    filled : :class:`Signal`
        In the cycle before a translation was filled.
    moved : :class:`Signal`
        The current PCID is another one than in the cycle before.
    may_move : :class:`Signal`
        It may be: nothing was to be done then.
    """

    def __init__(self, mmu: Any):
        blocks = opened(mmu).submodules
        self.mmu = mmu
        self.control, self.translator, self.tlb, self.walker, self.transfer = (
            blocks.control, blocks.translator, blocks.tlb, blocks.walker, blocks.transfer)
        self.translating  = opened(self.translator)
        self.searching    = opened(self.tlb)
        self.walking      = opened(self.walker)
        self.transferring = opened(self.transfer)
        self.updating     = opened(self.walking.submodules.updater)
        self.loader  = opened(self.control).submodules.loader if mmu.config.pae else None
        self.loading = opened(self.loader) if mmu.config.pae else None

        self.offered = Held(mmu, [self.transfer.request])
        self.held    = Held(self.offered, [mmu.access.request, mmu.control.request])
        self.bus     = BusWatch(self.held, mmu.memory, most=mmu.config.outstanding)
        self.steady   = Signal()
        self.free     = Signal(init=1)
        self.filled   = Signal()
        self.moved    = Signal()
        self.may_move = Signal()

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.bus = self.bus
        walker, translator, tlb = self.walker, self.translator, self.tlb
        pdptes = [] if self.loader is None else [Value.cast(walker.pdptes)]
        state  = Cat(Value.cast(walker.mode), Value.cast(walker.protection), *pdptes)
        before, began, pcid = Signal(len(state)), Signal(), Signal.like(tlb.pcid)
        m.d.sync += [
            before.eq(state), began.eq(1), pcid.eq(tlb.pcid),
            self.free.eq(translator.empty & ~(translator.request.valid & translator.request.ready)),
            self.filled.eq(tlb.fill.valid),
            self.may_move.eq(~tlb.busy & (tlb.invalidate.flush == Flush.NONE)),
        ]
        m.d.comb += [
            self.steady.eq(~began | (state == before)),
            self.moved.eq(tlb.pcid != pcid),
        ]
        return m

    def walk_waits(self) -> Value:
        """A transfer of a walk is outstanding."""
        return (in_state(self.walking, "WAIT_ENTRY")
                | in_state(self.updating, "COMPARE_ENTRY", "END_UPDATE"))

    def walks(self) -> Value:
        """A walk is under way."""
        return ~in_state(self.walking, "IDLE")

    def finds(self) -> Value:
        """The translator waits for a search."""
        return in_state(self.translating, "FIND")

    def searches(self) -> Value:
        """The TLB searches a translation; out of block RAM, until it was looked up again."""
        again = ["STORE"] if self.mmu.config.block_ram else []
        return in_state(self.searching, "COMPARE", "CHOOSE", "WALK", "REFUSE", *again)

    def forgets(self) -> Value:
        """The TLB is told to forget something."""
        return self.mmu._faulted | (self.control.invalidation.flush != Flush.NONE)

    def hits(self) -> Value:
        """Ways of the first level that hit."""
        return Cat(candidate.hit for candidate in each_of(self.translator.candidates))


def _says(text: str, when: Any, then: Any) -> Sentence:
    return Sentence("hw.mmu", text, when, then)


def _of_bus(watch: Watch) -> list[Sentence]:
    """The bus is had by a walk, or by accesses, or by the loader of PDPTEs."""
    transfer, walks = watch.transfer, watch.walks()
    flights = transfer._flights.level
    loads   = Const(0) if watch.loader is None else watch.loader._under_way
    return [
        # A walk locks by itself, and so do transfers, of which the rule of locks is proven alone.
        *watch.bus.rules("hw.mmu")[:-1],
        _says("all that is outstanding is of a walk, of accesses, or of PDPTEs", Const(1),
              watch.bus.outstanding == flights + watch.walk_waits() + loads),
        _says("while a page is walked, no access has the bus", walks | watch.walker.memory.cyc,
              (flights == 0) & ~transfer.memory.lock & ~transfer.memory.stb),
        _says("what is offered to transfers stays", Const(1), watch.offered.steady),
    ]


def _of_loader(watch: Watch) -> list[Sentence]:
    """PDPTEs are loaded one after the other, for a control operation that waits for them."""
    loader = watch.loader
    if loader is None:
        return []
    reads = in_state(watch.loading, "READ_ENTRIES")
    return [
        _says("PDPTEs are in a state that there is", Const(1), in_a_state(watch.loading)),
        _says("PDPTEs are loaded for a control operation", loader._under_way,
              loader.request.valid & reads),
        _says("one PDPTE is read after the other", reads,
              loader._issued == loader._read + loader._under_way),
        _says("when all PDPTEs are read, none is left", ~reads,
              (loader._read == 0) & ~loader._under_way),
    ]


def _of_control(watch: Watch) -> list[Sentence]:
    """A control operation is done between accesses, and counts from the next one on."""
    request, operation, translator = (
        watch.mmu.access.request, watch.mmu.control.request, watch.translator)
    return [
        _says("a control operation is done while no access is held, in flight or accepted",
              operation.valid & operation.ready,
              translator.empty & watch.transfer.drained & ~(request.valid & request.ready)),
        _says("the control state changes after a cycle in which no access was held or accepted",
              ~watch.steady, watch.free),
        _says("the control state does not change during a walk", watch.walks(), watch.steady),
        _says("while the TLB is busy no access is accepted", translator.busy, translator.hold),
    ]


def _of_searches(watch: Watch) -> list[Sentence]:
    """A walk is of a search, which is of the access that is held, and ends with it."""
    translator, tlb, finds = watch.translator, watch.tlb, watch.finds()
    access = translator._access
    usable, denied, _ = translator._judge_candidates()
    return [
        _says("each block is in a state that it has", Const(1), Cat(map(in_a_state, (
            watch.translating, watch.searching, watch.walking, watch.updating))).all()),
        _says("an update is of a walk", ~in_state(watch.updating, "READ_ENTRY"),
              in_state(watch.walking, "UPDATE_ENTRY")),
        _says("a walk is of a search, and a search waits for a walk", Const(1),
              watch.walks() == in_state(watch.searching, "WALK")),
        _says("a search is of an access that waits for it", Const(1),
              watch.searches() == finds),
        _says("an access that is searched is neither skipped, nor allowed nor denied", finds,
              ~translator.empty & translator.mode.paging & ~translator._outside
              & ~(access.chained & translator._poisoned) & ~usable & ~denied),
        _says("an access is of a kind that there is", Const(1), _known(access.kind)),
        _says("after a search that has faulted no access is held",
              in_state(watch.translating, "FORGET"), translator.empty),
        _says("an access goes on to its second page once", translator.elsewhere,
              ~translator.empty & ~translator._second),
        _says("the page that was looked up is that of the access", ~translator.empty,
              tlb._looked == page_of(translator._step, config=watch.mmu.config)),
    ]


def _of_fills(watch: Watch) -> list[Sentence]:
    """A fill meets nothing that forgets, and is of what a walk has found."""
    tlb, forgets, walked = watch.tlb, watch.forgets(), watch.walker.response
    first  = tlb._first
    drops  = first.drop | first.pieces
    asked  = first.look + first.fill.valid + drops + (first.flush != Flush.NONE)
    served = (in_state(watch.searching, "CHOOSE") & tlb._second.served if tlb._second is not None
              else Const(0))
    stores = in_state(watch.searching, "STORE")
    waits  = tlb._forget | tlb._switches
    operation = watch.mmu.control.request
    return [
        _says("a translation is filled that a walk has found, or that the second level has",
              tlb.fill.valid, served | (
                  in_state(watch.searching, "WALK") & walked.valid & ~walked.p.fault)),
        _says("a fill is stored in the cycle after", Const(1), watch.filled == stores),
        _says("a fill meets nothing that forgets", tlb.fill.valid | stores,
              ~forgets & ~waits & ~(operation.valid & operation.ready)),
        _says("a first level is asked for one thing at a time", Const(1), asked <= 1),
        _says("while a fill is stored, a first level is asked for nothing, or out of block RAM for "
              "its page again", stores, asked == (tlb._again if watch.mmu.config.block_ram else 0)),
        _says("while something is forgotten no access is held", waits | forgets,
              watch.translator.empty),
        _says("one thing is forgotten at a time, and during no search", forgets,
              ~tlb._forget & ~watch.searches() & ~stores
              & ~(watch.mmu._faulted & (watch.control.invalidation.flush != Flush.NONE))),
        _says("a page is forgotten that was named", in_state(
            watch.searching, *(name for name in watch.searching._generated["fsm"].encoding
                               if name.startswith("FORGET"))),
              tlb._forget & tlb._pending.single),
        _says("the PCID changes, and things are forgotten, as the TLB expects", Const(1),
              used_as_the_unit_does(SimpleNamespace(
                  part=tlb, moved=watch.moved, may_move=watch.may_move))),
    ]


def _known(kind: Value) -> Value:
    return kind.as_value() <= max(one.value for one in AccessKind)


def prove_of_unit(mmu: Any) -> None:
    """Prove what holds of a unit whose requests stay, and of memory that responds at any time."""
    watch   = Watch(mmu)
    request, operation = mmu.access.request, mmu.control.request
    hits    = watch.hits()
    prove_for_ever(
        Subject(
            inputs=inputs_of(mmu), part=watch,
            given=(watch.bus.sound & watch.held.steady & ((hits & (hits - 1)) == 0)
                   & _known(request.p.kind)),
            fields={
                "request":   request.valid,
                "accepted":  request.ready,
                "kind":      (request.p.kind, AccessKind),
                "linear":    request.p.linear,
                "operation": operation.valid,
                "done":      operation.ready,
                "op":        (operation.p.op, ControlOp),
                "register":  (operation.p.register, Register),
                "value":     operation.p.value,
                **watch.bus.fields,
                "response":    mmu.access.response.valid,
                "fault":       (mmu.access.response.p.fault, Fault),
                "outstanding": watch.bus.outstanding,
                "searches":    watch.searches(),
                "walks":       watch.walks(),
                "fill":        watch.tlb.fill.valid,
                "forgets":     watch.forgets(),
            }), [
            *_of_bus(watch), *_of_loader(watch), *_of_control(watch), *_of_searches(watch),
            *_of_fills(watch),
            *what_is_kept(watch.transfer, watch.transferring, most=mmu.config.outstanding,
                          source="hw.mmu"),
        ], cycles=CYCLES, depth=1)


PROPERTIES = [Property(
    name="unit", block="hw.mmu", source="Wishbone B4, 3.1.3.2; hw.bus; SDM 4.10.4.1",
    says="a request on the bus stays until it is accepted, and a bus cycle until its transfers "
         "have completed; a control operation is done while no access is held or in flight, and "
         "counts for the next; the control state stays during a walk; a fill meets nothing that "
         "forgets, and is of a walk without a fault; a search is of the page of the access that is held; "
         "the blocks use each other as their own proofs expect",
    method=Method.INDUCTION, units=tuple(UNITS),
    prove=lambda unit, depth: prove_of_unit(Mmu(UNITS[unit])))]
