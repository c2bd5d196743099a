"""First levels of the TLB that may have two translations of one page are disproved."""

import pytest

from hw.tlb.first import FirstLevel
from sim.proofs.first_level_ways import CONFIG, prove_of_ways, rows_of_ways
from sim.proofs.proof import Disproved

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


class TakesTurns(FirstLevel):
    """A fill takes the older way, also if the other one has the page."""

    def _choose(self, m):
        m.d.comb += self._way.eq(self._older.bit_select(self._index(self._looked), 1))


def hits_in_both_ways(m, ports, sound):
    """A hit of one way counts for the other, too."""
    m.d.comb += ports.candidates[1].hit.eq(sound.candidates[0].hit | sound.candidates[1].hit)


@pytest.mark.slow
def test_a_fill_beside_the_same_page_is_found():
    with (rows_of_ways() as rows,
          pytest.raises(Disproved, match="^hw.tlb.first: the other way does not have the page")):
        first = TakesTurns(CONFIG)
        prove_of_ways(first, first, rows)


@pytest.mark.slow
def test_two_ways_that_hit_are_found():
    with (rows_of_ways() as rows,
          pytest.raises(Disproved, match=r"^hw\.tlb\.first: at most one way hits(.|\n)*fill = 1")):
        inside = FirstLevel(CONFIG)
        prove_of_ways(Flawed(lambda config: inside, CONFIG, hits_in_both_ways), inside, rows)
