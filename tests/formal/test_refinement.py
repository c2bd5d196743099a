"""A unit in which a hit is another translation than a walk has found is disproved."""

from unittest import mock

import pytest

import sim.proofs.refinement
from hw.mmu import Mmu
from sim.proofs.first_level_ways import rows_of_ways
from sim.proofs.proof import Disproved
from sim.proofs.refinement import UNITS, prove_of_refinement

from .flaw_support import from_reset


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def test_a_hit_with_other_rights_than_the_entries_grant_is_found():
    sound, config = Mmu._look_up, UNITS["32-bit paging"]

    def connected(self, m, blocks):
        sound(self, m, blocks)
        m.d.comb += blocks.translator.candidates[0].piece.rights.user.eq(1)

    with (mock.patch.object(Mmu, "_look_up", connected), from_reset(sim.proofs.refinement),
          rows_of_ways(config) as rows,
          pytest.raises(Disproved, match=r"^SDM 4\.10\.2\.2: what hits is what the entries")):
        prove_of_refinement(Mmu(config), rows)
