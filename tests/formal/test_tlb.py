"""A TLB of which one level keeps what was invalidated is disproved."""

import pytest

from hw.tlb import Tlb
from hw.tlb.first import FirstLevel
from hw.tlb.second import SecondLevel
import hw.tlb.tlb
from sim.proofs.proof import Disproved
from sim.proofs.tlb import CONFIG, CYCLES, prove_of_tlb

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def drops_nothing(m, ports, sound):
    """A drop does not get through to one level."""
    m.d.comb += sound.drop.eq(0)


@pytest.mark.parametrize("level, sentence", [
    (FirstLevel, "a page that was invalidated does not hit"),
    (SecondLevel, "a page that was invalidated is walked before it is found"),
])
def test_a_tlb_of_which_one_level_keeps_it_is_disproved(level, sentence, monkeypatch):
    monkeypatch.setattr(hw.tlb.tlb, level.__name__,
                        lambda config: Flawed(level, config, drops_nothing))
    with pytest.raises(Disproved, match=rf"^SDM 4\.10\.4\.1: {sentence}"):
        prove_of_tlb(Tlb(CONFIG), CYCLES)
