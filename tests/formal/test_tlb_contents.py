"""A TLB of which a level gives something else than walks have found is disproved."""

import pytest

import hw.tlb.tlb
from hw.tlb import Tlb
from hw.tlb.first import FirstLevel
from hw.tlb.second import SecondLevel
from sim.proofs.proof import Disproved
from sim.proofs.tlb import CONFIG
from sim.proofs.tlb_contents import prove_of_contents

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def grants_writes(m, ports, sound):
    """A page that hits is writable."""
    m.d.comb += ports.candidates[0].piece.rights.writable.eq(1)


def serves_the_first_page(m, ports, sound):
    """Of a large page, its first small one is served."""
    with m.If(sound.piece.large):
        m.d.comb += ports.piece.frame[:9].eq(0)


def knows_another_table(m, ports, sound):
    """A walk begins at the table beside the one that was learnt."""
    m.d.comb += ports.start.table.eq(sound.start.table ^ 1)


@pytest.mark.parametrize("part, flaw, sentence", [
    (FirstLevel, grants_writes, "what hits is the translation that walks have found"),
    (SecondLevel, serves_the_first_page, "what is found is the translation that walks have found"),
    (SecondLevel, knows_another_table, "a walk begins at a table that was learnt of the page"),
])
def test_a_tlb_of_which_a_level_gives_something_else_is_disproved(
        part, flaw, sentence, monkeypatch):
    monkeypatch.setattr(hw.tlb.tlb, part.__name__, lambda config: Flawed(part, config, flaw))
    with pytest.raises(Disproved, match=rf"^SDM 4\.10\.2\.2: {sentence}"):
        prove_of_contents(Tlb(CONFIG), 12)
