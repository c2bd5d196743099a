"""Formal properties are proven: of all units, to the depths that the tests have time for."""

import pytest

from sim.proofs.property import Verdict
from sim.proofs.registry import PROPERTIES


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


#: Left to the command, since others that are tried have all that these units have, or nearly.
LEFT = {
    ("unit", "default"), ("walks", "default"), ("walks", "tiny"), ("places", "default"),
    ("places", "tiny"), ("invalidated-pages", "few rows, with PCIDs"),
    ("refinement", "4-level paging"), ("refinement", "every mode"),
}


@pytest.mark.parametrize("name, unit, depth", [
    pytest.param(one.name, unit, depth, id=f"{one.name}-{unit}")
    for one in PROPERTIES.values() for unit in one.units if (one.name, unit) not in LEFT
    if (depth := one.depth if one.checked is None else one.checked)])
def test_a_property_is_proven(name, unit, depth):
    outcome = PROPERTIES[name].tried(unit, depth)
    assert outcome.verdict is Verdict.PROVEN, outcome.text
