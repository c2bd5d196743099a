"""Proof: an access goes where its translations say, its second half, too.

By induction, about a translator: for runs of any length. Which page is looked up, and what comes
after it, is the TLB's; :mod:`sim.proofs.unit` proves that of the two together.

Ref: Intel SDM Vol. 3A, sections 4.3 to 4.5; Vol. 1, section 3.3.7.1.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value

from hw.layout import AccessKind, Fault
from hw.linear import page_of
from hw.presets import PRESETS
from hw.translation import chosen, each_of
from hw.translator import Translator

from .design import inputs_of
from .opened import in_a_state, in_state, opened
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .translator import Steady


__all__ = ["PROPERTIES", "other_is_after", "prove_of_places", "searched_in_vain"]


def crosses(access: Any) -> Value:
    """The last byte of an access is on the page after that of the first one."""
    return (access.linear[:12] + (Const(1) << access.size) - 1)[12]


def page_after(access: Any, *, long_mode: Any, config: Any) -> Value:
    """The page after that of an access; outside long mode, addresses have 32 bits."""
    page = page_of(access.linear, config=config)
    return Mux(long_mode, (page + 1)[:len(page)], (page[:20] + 1)[:20])


def other_is_after(inside: Any) -> Value:
    """The other page of an access that a translator holds is the one after the first."""
    return ~(inside.elsewhere | inside._second) | (inside.other == page_after(
        inside._access, long_mode=inside.mode.long_mode, config=inside.config))


def searched_in_vain(inside: Any) -> Value:
    """The access that a translator holds needs a translation that the first level does not have."""
    access = inside._access
    usable, denied, _ = inside._judge_candidates()
    return (~inside.empty & inside.mode.paging & ~inside._outside
            & ~(access.chained & inside._poisoned) & ~usable & ~denied)


class Watch(Elaboratable):
    """A translator that is used as the unit does, and the frame of the first of two pages."""

    def __init__(self, translator: Any):
        self.used  = Steady(translator, translator.mode)
        self.held  = chosen(translator.candidates, config=translator.config)
        self.first = Signal.like(self.held.frame)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.used = self.used
        translator = self.used.translator
        with m.If(translator.crossed):
            m.d.sync += self.first.eq(Mux(
                translator.mode.paging, self.held.frame,
                translator.result.p.access.linear[12:translator.config.maxphyaddr]))
        return m


def _sentences(watch: Watch, inside: Any) -> list[Sentence]:
    translator, module = watch.used.translator, opened(inside)
    config, mode, result = translator.config, translator.mode, translator.result
    access = result.p.access
    leaves = result.valid & (result.p.fault == Fault.NONE)
    linear = access.linear[12:config.maxphyaddr]
    after  = page_after(access, long_mode=mode.long_mode, config=config)
    frame  = watch.held.frame
    two    = crosses(access)

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("hw.translator", text, when, then)

    return [
        says("an access within a page goes to the frame of its page, and keeps its offset",
             leaves & ~two & mode.paging,
             result.p.physical == Cat(access.linear[:12], frame)),
        says("the first half of one that crosses goes to the frame of its first page",
             leaves & two, result.p.physical == Cat(access.linear[:12], watch.first)),
        says("the second half of one that crosses goes to the frame of its second page",
             leaves & two & mode.paging, result.p.second == frame),
        says("without paging a physical address is the linear one", leaves & ~mode.paging,
             (result.p.physical == Cat(access.linear[:12], linear))
             & (~two | (result.p.second == after[:len(frame)]))),
        says("an access has a second half if its last byte is on another page", leaves,
             result.p.crosses == two),
        says("the translator is in a state that there is", Const(1), in_a_state(module)),
        says("after a search that has faulted no access is held", in_state(module, "FORGET"),
             inside.empty),
        says("an access that crosses is at its first page or at its second one",
             ~inside.empty, (inside._crosses == crosses(inside._access))
             & (two == (inside.elsewhere | inside._second))
             & ~(inside.elsewhere & inside._second)),
        says("where no access is held, none goes on", inside.empty, ~inside.elsewhere),
        says("the frame of the first page is kept", inside._second & ~inside.empty,
             inside._first == watch.first),
        says("without paging the first page is that of the linear address",
             inside._second & ~inside.empty & ~mode.paging,
             watch.first == linear),
    ]


def prove_of_places(translator: Any, inside: Any) -> None:
    """Prove of a translator, which is ``inside``, where accesses go that leave it."""
    mode, result = translator.mode, translator.result
    module = opened(inside)
    watch  = Watch(translator)
    access = result.p.access
    hits   = Cat(candidate.hit for candidate in each_of(translator.candidates))
    prove_for_ever(
        Subject(inputs=inputs_of(translator), part=watch,
                given=watch.used.steady & other_is_after(inside) & ((hits & (hits - 1)) == 0)
                & (~in_state(module, "FIND") | searched_in_vain(inside))
                & ~(mode.long_mode & ~mode.paging)
                & (result.ready == Mux(
                    result.p.fault == Fault.NONE, translator.takes, translator.ends)),
                fields={
                    "accepts":  translator.request.valid & translator.request.ready,
                    "CR0.PG":   mode.paging,
                    "LMA":      mode.long_mode,
                    "linear":   access.linear,
                    "size":     access.size,
                    "kind":     (access.kind, AccessKind),
                    "hits":     hits,
                    "frame":    watch.held.frame,
                    "crossed":  translator.crossed,
                    "result":   result.valid,
                    "fault":    (result.p.fault, Fault),
                    "physical": result.p.physical,
                    "second":   result.p.second,
                }), _sentences(watch, inside), cycles=4, depth=1)


def _prove(unit: str) -> None:
    translator = Translator(PRESETS[unit])
    prove_of_places(translator, translator)


PROPERTIES = [Property(
    name="places", block="hw.translator", source="SDM 4.3 to 4.5",
    says="the physical address of an access is the frame of the translation that hits, and the "
         "offset; of one that crosses, each half is in the frame of its own page",
    method=Method.INDUCTION, units=tuple(PRESETS), prove=lambda unit, depth: _prove(unit))]
