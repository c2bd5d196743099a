"""Proofs: no access leaves without the right to its page, and faults are those of the search.

For one cycle that begins in any state whatever, and so for runs of any length; but that what was
found out of an access while it was accepted is true of it, which is proven by induction.
"""

import pytest
from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal

from hw.layout import AccessKind, Fault
from hw.permission import denied_by_key
from hw.presets import PRESETS
from hw.translation import chosen, each_of
from hw.translator import Translator

from .access_support import Case
from .flaw_support import Flawed
from .proof_support import Disproved, Sentence, Subject, prove, prove_for_ever, under
from .solver_support import inputs_of


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


def foreseen(inside):
    """True if a translator has found out what is true of the access that it holds."""
    return inside.empty | (
        (inside._refusals == inside.refusals_of(inside._access))
        & (inside._key_refusals == inside.key_refusals_of(inside._access)))


def prove_of_translator(translator, inside):
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

    def says(text, when, then):
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


@pytest.mark.parametrize("preset", PRESETS)
def test_what_leaves_has_the_right_to_its_page_and_faults_are_those_of_the_search(preset):
    translator = Translator(PRESETS[preset])
    prove_of_translator(translator, translator)


class Steady(Elaboratable):
    """A translator, and whether it is used as the unit does.

    The control state is another one than in the cycle before only if no access was held, and none
    was to be accepted. While the TLB is busy, none is.
    """

    def __init__(self, translator):
        self.translator = translator
        self.steady     = Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.translator = translator = self.translator
        before, free = Signal.like(translator.protection), Signal(init=1)
        m.d.sync += [
            before.eq(translator.protection),
            free.eq(translator.empty & translator.hold),
        ]
        m.d.comb += self.steady.eq((free | (translator.protection == before))
                                   & (translator.hold | ~translator.busy))
        return m


def prove_of_foresight(translator, inside):
    """Prove that a translator always knows what would deny the access that it holds."""
    watch = Steady(translator)
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


@pytest.mark.parametrize("preset", ["default", "full"])
def test_what_would_deny_an_access_is_known_while_it_is_held(preset):
    translator = Translator(PRESETS[preset])
    prove_of_foresight(translator, translator)


def foresees_for_another_cpl(m, ports, sound):
    """The one that is accepted is taken for a supervisor's where the one before was a user's."""
    user = Signal()
    with m.If(ports.request.valid & ports.request.ready):
        m.d.sync += user.eq(ports.request.p.user)
    m.d.comb += sound.protection.smap.eq(ports.protection.smap & ~user)


def test_a_translator_that_foresees_wrongly_is_disproved():
    flawed = Flawed(Translator, PRESETS["default"], foresees_for_another_cpl)
    with pytest.raises(Disproved, match="^hw.translator: what would deny an access is known"):
        prove_of_foresight(flawed, flawed._sound)


def knows_no_bus_errors(m, ports, sound):
    """A search that memory does not answer to is taken for a page fault."""
    m.d.comb += sound.found.p.bus_error.eq(0)


def keeps_cr2(m, ports, sound):
    """CR2 does not get the address of a page fault."""
    m.d.comb += ports.fault.valid.eq(0)


def knows_no_keys(m, ports, sound):
    """CR4.PKE is taken for 0."""
    m.d.comb += sound.protection.pke.eq(0)


def knows_no_smap(m, ports, sound):
    """SMAP is taken for 0."""
    m.d.comb += sound.protection.smap.eq(0)


def takes_pages_for_dirty(m, ports, sound):
    """A page is taken for written already."""
    m.d.comb += [candidate.piece.dirty.eq(1) for candidate in each_of(sound.candidates)]


@pytest.mark.parametrize("flaw, says", [
    (knows_no_bus_errors, "hw.translator: a search that faults ends the access in the same fault"),
    (keeps_cr2, "hw.translator: CR2 gets the address of each page fault"),
    (knows_no_keys, "SDM (4.6.1: an access that the key of the page does not|4.7: PK is 1 if)"),
    (knows_no_smap, "SDM 4.6.1: supervisor-mode .* SMAP = 1, AC = 0 or implicit: not allowed"),
    (takes_pages_for_dirty, "hw.translator: a write leaves through a translation with D = 1 only"),
])
def test_a_flaw_of_a_translator_is_found(flaw, says):
    with pytest.raises(Disproved, match=rf"^{says}(.|\n)*  access = "):
        flawed = Flawed(Translator, PRESETS["full"], flaw)
        prove_of_translator(flawed, flawed._sound)
