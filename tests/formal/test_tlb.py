"""A TLB of which a part keeps what was invalidated is disproved."""

import pytest

import hw.tlb.tlb
from hw.layout import Flush
from hw.tlb import Tlb
from hw.tlb.first import FirstLevel
from hw.tlb.second import SecondLevel
from hw.tlb.stamps import StampBank
from sim.proofs.proof import Disproved
from sim.proofs.tlb import CONFIG, CYCLES, prove_of_tlb

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def drops_nothing(m, ports, sound):
    """A drop does not get through to one level."""
    m.d.comb += sound.drop.eq(0)


def keeps_local_ones(m, ports, sound):
    """A flush of all but global translations does not get through."""
    with m.If(ports.flush == Flush.LOCAL):
        m.d.comb += sound.flush.eq(Flush.NONE)


def keeps_tables(m, ports, sound):
    """Tables outlast an invalidation of one page."""
    with m.If(ports.single):
        m.d.comb += sound.flush.eq(Flush.NONE)


@pytest.mark.parametrize("part, flaw, sentence", [
    (FirstLevel, drops_nothing, "a page that was invalidated does not hit"),
    (FirstLevel, keeps_local_ones, "a page that was invalidated does not hit"),
    (SecondLevel, drops_nothing, "a page that was invalidated is walked before it is found"),
    (StampBank, keeps_tables, "a page whose tables were invalidated is walked from the root"),
])
def test_a_tlb_of_which_a_part_keeps_it_is_disproved(part, flaw, sentence, monkeypatch):
    monkeypatch.setattr(hw.tlb.tlb, part.__name__, lambda config: Flawed(part, config, flaw))
    with pytest.raises(Disproved, match=rf"^SDM 4\.10\.4\.1: {sentence}"):
        prove_of_tlb(Tlb(CONFIG), CYCLES)
