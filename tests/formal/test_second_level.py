"""Second levels of the TLB that serve what was dropped or flushed are disproved."""

import pytest

from hw.tlb.second import SecondLevel
from sim.proofs.proof import Disproved
from sim.proofs.second_level import CONFIG, CYCLES, LATENCY, prove_of_second_level

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def drops_nothing(m, ports, sound):
    """A drop does not get through."""
    m.d.comb += sound.drop.eq(0)


def keeps_large_pages(m, ports, sound):
    """A page of 2 MiB is dropped by its first page only."""
    with m.If(ports.looked[:9] != 0):
        m.d.comb += sound.drop.eq(0)


def overlooks_flushes(m, ports, sound):
    """A flush of local translations does not get through."""
    m.d.comb += sound.stamps.local.eq(1)


def grants_writes(m, ports, sound):
    """All translations are served as writable."""
    m.d.comb += ports.piece.rights.writable.eq(1)


@pytest.mark.parametrize("flaw", [drops_nothing, keeps_large_pages, overlooks_flushes])
def test_a_second_level_that_serves_such_a_page_is_disproved(flaw):
    with pytest.raises(Disproved, match=r"^hw\.tlb\.second: a page is served(.|\n)*  keep = 1"):
        prove_of_second_level(Flawed(SecondLevel, CONFIG, flaw), CYCLES)


def test_a_second_level_that_serves_other_rights_is_disproved():
    with pytest.raises(Disproved, match=r"^hw\.tlb\.second: a .* is served as "):
        prove_of_second_level(Flawed(SecondLevel, CONFIG, grants_writes), cycles=2 * LATENCY + 2)
