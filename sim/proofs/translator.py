"""Proofs: no access leaves without the right to its page, and faults are those of the search.

For one cycle that begins in any state whatever, and so for runs of any length; but that what was
found out of an access while it was accepted is true of it, which is proven by induction.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal

from hw.layout import AccessKind, Fault
from hw.permission import denied_by_key
from hw.presets import PRESETS
from hw.translation import chosen, each_of
from hw.translator import Translator

from .accesses import Case
from .design import inputs_of
from .proof import Sentence, Subject, prove, prove_for_ever, under
from .property import Method, Property


__all__ = ["PROPERTIES", "prove_of_foresight", "prove_of_translator"]


def foreseen(inside: Any) -> Any:
    """True if a translator has found out what is true of the access that it holds."""
    return inside.empty | (
        (inside._refusals == inside.refusals_of(inside._access))
        & (inside._key_refusals == inside.key_refusals_of(inside._access)))


def prove_of_translator(translator: Any, inside: Any) -> Any:
    """Prove what leaves a translator, which is ``inside``, if it has foreseen well."""
    result, found = translator.result, translator.found
    hits    = Cat(candidate.hit for candidate in each_of(translator.candidates))
    held    = chosen(translator.candidates, config=translator.config)
    by_key  = denied_by_key(
        access=result.p.access, rights=held.rights, key=held.key,
        protection=translator.protection) if translator.config.keys else None
    case    = Case(result.p.access, held.rights, translator.protection, by_key)
    leaves  = translator.crossed | (result.valid & (result.p.fault == Fault.NONE))
    page_fault = result.valid & (result.p.fault == Fault.PAGE_FAULT)
    ended   = found.valid & found.ready
    refused = page_fault & ~found.valid
    paging  = translator.mode.paging

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("hw.translator", text, when, then)

    prove(
        Subject(inputs=inputs_of(translator), part=translator,
                given=case.given & ((hits & (hits - 1)) == 0) & foreseen(inside), fields={
            **case.fields,
            "CR0.PG":      paging,
            "linear":      result.p.access.linear,
            "hits":        hits,
            "D":           held.dirty,
            "found":       found.valid,
            "its fault":   found.p.fault,
            "bus error":   found.p.bus_error,
            "result":      result.valid,
            "fault":       (result.p.fault, Fault),
        }), [
            says("with paging, an access leaves with a translation", paging & leaves,
                 hits.any()),
            *under(paging & (leaves | refused), case.access_rights(leaves)),
            *under(paging & refused, case.error_code(
                result.p.error.as_value(), not_present=Const(0), reserved_bit=Const(0))),
            says("a write leaves through a translation with D = 1 only",
                 paging & leaves & case.write, held.dirty),
            says("a search that faults ends the access in the same fault",
                 ended & found.p.fault,
                 result.valid & (result.p.fault.as_value() == Mux(
                     found.p.bus_error, Fault.BUS_ERROR, Fault.PAGE_FAULT))
                 & (result.p.error == found.p.error)),
            says("CR2 gets the address of each page fault, and of nothing else",
                 translator.fault.valid | (page_fault & result.ready),
                 translator.fault.valid & page_fault & result.ready),
        ], from_reset=False)


class Steady(Elaboratable):
    """A translator, and whether it is used as the unit does.

    ``state``, of the control state, is another one than in the cycle before only if no access was
    held, and none was to be accepted. While the TLB is busy, none is.
    """

    def __init__(self, translator: Any, state: Any):
        self.translator = translator
        self.state      = state
        self.steady     = Signal()

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.translator = translator = self.translator
        before, free = Signal.like(self.state), Signal(init=1)
        m.d.sync += [
            before.eq(self.state),
            free.eq(translator.empty & translator.hold),
        ]
        m.d.comb += self.steady.eq((free | (self.state == before))
                                   & (translator.hold | ~translator.busy))
        return m


def prove_of_foresight(translator: Any, inside: Any) -> None:
    """Prove that a translator always knows what would deny the access that it holds."""
    watch = Steady(translator, translator.protection)
    prove_for_ever(
        Subject(inputs=inputs_of(translator), part=watch, given=watch.steady, fields={
            "accepts":     translator.request.valid & translator.request.ready,
            "kind":        (translator.request.p.kind, AccessKind),
            "CPL 3":       translator.request.p.user,
            "holds one":   ~translator.empty,
            "held":        (inside._access.kind, AccessKind),
            "refusals":    inside._refusals,
        }), [
            Sentence("hw.translator", "what would deny an access is known while it is held",
                     ~translator.empty, foreseen(inside)),
        ], cycles=3, depth=1)


def _alone(prove: Any, unit: str) -> None:
    """Prove something of a translator that is not within another component."""
    translator = Translator(PRESETS[unit])
    prove(translator, translator)


PROPERTIES = [
    Property(
        name="translated", block="hw.translator", source="SDM 4.6.1, 4.7, 4.8",
        says="no access leaves without a translation and a right to it, no write without D = 1; a "
             "search that faults ends the access in the same fault, with its address in CR2",
        method=Method.ALL_CASES, units=tuple(PRESETS),
        prove=lambda unit, depth: _alone(prove_of_translator, unit)),
    Property(
        name="foresight", block="hw.translator", source="hw.translator",
        says="what would deny an access, found out while it is accepted, is so while it is held",
        method=Method.INDUCTION, units=tuple(PRESETS),
        prove=lambda unit, depth: _alone(prove_of_foresight, unit)),
]
