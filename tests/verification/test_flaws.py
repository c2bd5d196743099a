"""The regression notices every flaw of a unit."""

import pytest

from hw.presets import PRESETS
from sim.verification.flaw_list import FLAWS
from sim.verification.flaws import FlawedMmu
from sim.verification.runs import RunSettings
from sim.verification.simulation import build


#: With this seed, each flaw is first noticed by the check that is about it.
SEED = 5

#: Rounds in which a flaw must be noticed, and a unit without one must have no failure.
ROUNDS = 66


@pytest.mark.slow
def test_every_flaw_is_noticed_and_a_sound_unit_is_not(tmp_path, record_property):
    # Verilator takes half a minute to build, and plays ten times as fast.
    built  = build(FlawedMmu(PRESETS["full"]), "verilator")
    result = built.play("sim.verification.flaw_rounds",
                        RunSettings(preset="full", seed=SEED, least=ROUNDS), tmp_path)
    said   = result.complaints
    noticed = [name for name in FLAWS if said[name]]
    record_property("cocotb",
                    f"flaws on verilator: {len(noticed)} of {len(FLAWS)} noticed, {result}")
    assert said["none"] == ""
    assert noticed == list(FLAWS)
    assert {name: said[name] for name, words in FLAWS.items() if words not in said[name]} == {}
