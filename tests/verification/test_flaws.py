"""The regression notices every flaw of a unit."""

import pytest

from sim.verification.flaws import FLAWS, FlawedMmu
from sim.verification.runs import RunSettings
from sim.verification.simulation import build


#: With this seed, each flaw is first noticed by the check that is about it.
SEED = 4

#: Rounds in which a flaw must be noticed, and a unit without one must have no failure.
ROUNDS = 20


@pytest.mark.slow
def test_every_flaw_is_noticed_and_a_sound_unit_is_not(tmp_path, record_property):
    settings = RunSettings(preset="default", switches=["unit.pku=1", "unit.pks=1"], seed=SEED,
                           least=ROUNDS)
    # Icarus builds at once.
    built  = build(FlawedMmu(settings.config), "icarus")
    result = built.play("sim.verification.flaw_rounds", settings, tmp_path)
    said   = result.complaints
    noticed = [name for name in FLAWS if said[name]]
    record_property("cocotb", f"flaws on icarus: {len(noticed)} of {len(FLAWS)} noticed, {result}")
    assert said["none"] == ""
    assert noticed == list(FLAWS)
    assert {name: said[name] for name, words in FLAWS.items() if words not in said[name]} == {}
