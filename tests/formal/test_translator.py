"""Flaws of a translator are found."""

import pytest
from amaranth.hdl import Signal

from hw.presets import PRESETS
from hw.translation import each_of
from hw.translator import Translator
from sim.proofs.proof import Disproved
from sim.proofs.translator import prove_of_foresight, prove_of_translator

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


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
