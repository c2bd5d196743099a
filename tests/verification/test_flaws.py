"""The regression notices every flaw of a unit."""

import pytest

from sim.verification.flaws import FLAWS, MODE_FLAWS, FlawedMmu
from sim.verification.runs import RunSettings
from sim.verification.simulation import build


#: Flaws by the unit that they are played on: switches, a seed with which each is first noticed by
#: the check that is about it, and rounds in which a flaw must be noticed, and a unit without one
#: must have no failure.
UNITS = {
    "default": (FLAWS, [], 3, 20),
    "modes":   (MODE_FLAWS, ["unit.pae=1", "unit.la57=1"], 3, 40),
}


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_every_flaw_is_noticed_and_a_sound_unit_is_not(unit, tmp_path, record_property):
    flaws, switches, seed, rounds = UNITS[unit]
    settings = RunSettings(preset="default", switches=switches, seed=seed, least=rounds)
    # Icarus builds at once.
    built  = build(FlawedMmu(settings.config), "icarus")
    result = built.play("sim.verification.flaw_rounds", settings, tmp_path)
    said   = result.complaints
    noticed = [name for name in flaws if said[name]]
    record_property("cocotb", f"flaws on icarus: {len(noticed)} of {len(flaws)} noticed, {result}")
    assert said["none"] == ""
    assert noticed == list(flaws)
    assert {name: said[name] for name, words in flaws.items() if words not in said[name]} == {}
