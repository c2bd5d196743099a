"""Flaws in canonical addresses, and in where an entry is, are found."""

import pytest
from amaranth.hdl import Mux

from hw.layout import Level
from hw.linear import canonical, last_below_gap
from hw.presets import PRESETS
from sim.proofs.linear import LEVEL, prove_canonical, prove_entry_offset, prove_last_below_gap
from sim.proofs.proof import Disproved


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


@pytest.mark.slow
@pytest.mark.parametrize("bit", [12, 46, 47])
def test_a_last_page_by_too_few_bits_is_found(bit):
    with pytest.raises(Disproved, match=r"^hw\.linear: the page after"):
        prove_last_below_gap(lambda linear, la57: last_below_gap(
            linear ^ Mux(linear[13], 1 << bit, 0), la57=la57))


@pytest.mark.slow
@pytest.mark.parametrize("bit", [47, 55, 63])
def test_a_bit_of_an_address_that_is_not_looked_at_is_found(bit):
    def flawed(linear, la57):
        return canonical(Mux(linear[46], linear | 1 << bit, linear & ~(1 << bit)), la57=la57)

    with pytest.raises(Disproved, match=r"^SDM Vol\. 1, 3\.3\.7\.1(.|\n)*  linear address = 0x"):
        prove_canonical(flawed)


@pytest.mark.slow
def test_an_address_judged_by_four_levels_always_is_found():
    with pytest.raises(Disproved, match=r"^SDM Vol\. 1, 3\.3\.7\.1(.|\n)*  CR4\.LA57 = 1"):
        prove_canonical(lambda linear, la57: canonical(linear, la57=0))


@pytest.mark.slow
def test_an_entry_of_another_level_is_found():
    with pytest.raises(Disproved, match=r"^SDM 4\.5: bits 11:3 of a PML4E(.|\n)*  level = PML4"):
        prove_entry_offset(PRESETS["default"], Mux(LEVEL == Level.PML4, Level.PDPT, LEVEL))
