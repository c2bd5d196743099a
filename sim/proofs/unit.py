"""Proofs of the unit as a whole: the bus, control operations, and what its blocks expect.

By induction: they hold of runs of any length. So that it closes, further sentences say what the
blocks keep; they are proven with the others. Of memories, two sets or rows are there: how many
decides nothing. That at most one way of the first level hits is proven in
:mod:`sim.proofs.first_level_ways`.

Ref: Wishbone B4, chapters 3.1.3.2 and 3.4; Intel SDM Vol. 3A, section 4.10.4.1.
"""

from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Cat, Const, Mux, Value

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault, Flush, PageSize
from hw.linear import page_of
from hw.mmu import Mmu

from .design import inputs_of
from .opened import in_a_state, in_state
from .places import other_is_after, searched_in_vain
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .stamp_promises import used_as_the_unit_does
from .transfers import what_is_kept
from .unit_watch import UNITS, Watch


__all__ = [
    "CYCLES", "PROPERTIES", "frame_in", "prove_goes_on", "prove_of_unit", "sentences_of",
    "subject_of",
]


#: Cycles from reset in which there is a case of everything: paging is on, and a page walked.
CYCLES = 12

#: Cycles in a row in which nothing goes on, at most.
IDLE = 14


def _says(text: str, when: Any, then: Any) -> Sentence:
    return Sentence("hw.mmu", text, when, then)


def _of_bus(watch: Watch) -> list[Sentence]:
    """The bus is had by a walk, or by accesses, or by the loader of PDPTEs."""
    transfer, walks = watch.transfer, watch.walks()
    flights = transfer._flights.level
    loads   = Const(0) if watch.loader is None else watch.loader._under_way
    return [
        # A walk locks by itself, and so do transfers, of which the rule of locks is proven alone.
        *watch.bus.rules("hw.mmu"),
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
        _says("the response to a control operation stays until it is taken", Const(1),
              watch.answered.steady),
    ]


def _of_searches(watch: Watch) -> list[Sentence]:
    """A walk is of a search, which is of the access that is held, and ends with it."""
    translator, tlb, finds = watch.translator, watch.tlb, watch.finds()
    access = translator._access
    usable, denied, _ = translator._judge_candidates()
    config = watch.mmu.config
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
              searched_in_vain(translator)),
        _says("an access is of a kind that there is", Const(1), _known(access.kind)),
        _says("what is searched is what the access needs", finds, tlb._access.as_value() == Cat(
            access[name] for name, _ in tlb._access.shape())),
        *([] if tlb._second is None else [
            _says("nothing is searched or forgotten while stamps are used up",
                  ~in_state(watch.searching, "IDLE", "START", "SWEEP"), ~tlb._exhausted)]),
        _says("what is walked is what is searched", watch.walks(),
              (watch.walker._access == tlb._access) & (watch.walker._page == tlb._looked)),
        *([] if config.block_ram else [
            _says("an access is searched once for each page: then it is allowed or denied",
                  translator._refilled, ~translator.empty & (usable | denied))]),
        _says("after a search that has faulted no access is held",
              in_state(watch.translating, "FORGET"), translator.empty),
        _says("an access goes on to its second page once", translator.elsewhere,
              ~translator.empty & ~translator._second),
        _says("the page that was looked up is that of the access", ~translator.empty,
              tlb._looked == page_of(translator._step, config=config)),
        _says("the other page of an access is the one after its first", ~translator.empty,
              other_is_after(translator)),
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
    sweeps = Const(0) if tlb._second is None else (
        tlb._exhausted | in_state(watch.searching, "SWEEP")
        | (in_state(watch.searching, "START") & tlb._used))
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
        _says("while something is forgotten, or rows are swept, no access is held",
              waits | forgets | sweeps, watch.translator.empty),
        _says("one thing is forgotten at a time, and during no search and no sweep", forgets,
              ~tlb._forget & ~watch.searches() & ~stores & ~sweeps
              & ~(watch.mmu._faulted & (watch.control.invalidation.flush != Flush.NONE))),
        _says("a page is forgotten that was named", in_state(
            watch.searching, *(name for name in watch.searching._generated["fsm"].encoding
                               if name.startswith("FORGET"))),
              tlb._forget & tlb._pending.single),
        _says("the PCID changes, and things are forgotten, as the TLB expects", Const(1),
              used_as_the_unit_does(SimpleNamespace(
                  part=tlb, moved=watch.moved, may_move=watch.may_move))),
    ]


def _of_contents(watch: Watch) -> list[Sentence]:
    """A fill is of what was found, and the second level keeps what was filled."""
    tlb, found, fill = watch.tlb, watch.walker.response.p.translation, watch.tlb.fill
    walked = fill.valid & in_state(watch.searching, "WALK")
    names  = ["rights", "dirty", "global_page", *(["key"] if watch.mmu.config.keys else [])]
    second = tlb._second
    served = fill.p == second.piece if second is not None else Const(0)
    return [
        _says("a fill is at the frame that the walk has found, and where the page is in a larger "
              "one", walked, fill.p.frame == frame_in(found.frame, found.size, page=tlb._looked)),
        _says("a fill has the rights and the attributes that the walk has found, or is what the "
              "second level serves", fill.valid, Mux(walked, Cat(
                  Value.cast(fill.p[name]) == Value.cast(found[name]) for name in names).all()
                  & (fill.p.large == (found.size != PageSize.KIB4)), served)),
        *([] if second is None else [
            _says("the second level keeps what was filled, as of a page of its size, or has it",
                  in_state(watch.searching, "STORE"),
                  (second.keep.p == watch.piece) & (second.size == watch.size))]),
    ]


def frame_in(frame: Value, size: Value, *, page: Value) -> Value:
    """Frame of a page of 4 KBytes, by that of the page of a size that it is in."""
    whole = frame
    for one, bits in ((PageSize.MIB2, 9), (PageSize.MIB4, 10), (PageSize.GIB1, 18)):
        frame = Mux(size == one, Cat(page[:bits], whole[bits:]), frame)
    return frame


def _known(kind: Value) -> Value:
    return kind.as_value() <= max(one.value for one in AccessKind)


def subject_of(watch: Watch) -> Subject:
    """A unit whose requests stay, and memory that responds at any time to what it has accepted."""
    mmu  = watch.mmu
    hits = watch.hits()
    request, operation = mmu.access.request, mmu.control.request
    return Subject(
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
            "idle":        watch.idle,
        })


def sentences_of(watch: Watch) -> list[Sentence]:
    """All that is proven of a unit in one step."""
    return [
        *_of_bus(watch), *_of_loader(watch), *_of_control(watch), *_of_searches(watch),
        *_of_fills(watch), *_of_contents(watch),
        *what_is_kept(watch.transfer, watch.transferring, most=watch.mmu.config.outstanding,
                      source="hw.mmu"),
    ]


def prove_of_unit(mmu: Any) -> None:
    """Prove what a unit keeps to in every cycle."""
    watch = Watch(mmu)
    prove_for_ever(subject_of(watch), sentences_of(watch), cycles=CYCLES, depth=1)


def prove_goes_on(mmu: Any) -> None:
    """Prove that a unit which is to do something does not wait for long but for others."""
    watch = Watch(mmu)
    prove_for_ever(subject_of(watch), [
        *sentences_of(watch),
        _says(f"there are no more than {IDLE} cycles in which nothing goes on", Const(1),
              watch.idle <= IDLE),
    ], cycles=IDLE + 2, depth=IDLE + 1)


PROPERTIES = [
    Property(
        name="unit", block="hw.mmu", source="Wishbone B4, 3.1.3.2; hw.bus; SDM 4.10.4.1",
        says="a request on the bus stays until it is accepted, and a bus cycle until its transfers "
             "have completed; a control operation is done while no access is held or in flight, "
             "and counts for the next; the control state stays during a walk; a fill meets nothing "
             "that forgets, and is of a walk without a fault; a search is of the page of the "
             "access that is held, once, and what it has found is filled, at the frame of its "
             "size; the blocks use each other as their own proofs expect",
        method=Method.INDUCTION, units=tuple(UNITS),
        prove=lambda unit, depth: prove_of_unit(Mmu(UNITS[unit]))),
    Property(
        name="unit-goes-on", block="hw.mmu", source="hw.bus",
        says="while an access or a control operation is to be done, there are no more than "
             f"{IDLE} cycles in a row in which it is neither up to memory, nor to transfers that "
             "are kept, nor to who takes a response, but for sweeps of the second level",
        method=Method.INDUCTION, depth=IDLE + 1, checked=0, units=tuple(UNITS),
        prove=lambda unit, depth: prove_goes_on(Mmu(UNITS[unit]))),
]
