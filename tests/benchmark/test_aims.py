"""Aims for the units: met and missed by the figures, and told of what was measured."""

import json
from dataclasses import replace

import pytest

from hw.presets import PRESETS
from sim.benchmark.hardware.aims import AIMS, Aim, AimResult, judged
from sim.benchmark.hardware.document import as_json
from sim.benchmark.hardware.measure import Measurement
from sim.benchmark.hardware.tables import as_text

from .hardware_support import measurement


def texts(found):
    return [verdict.aim.text for verdict in judged(found)]


@pytest.mark.parametrize("relation, reached, met", [
    (">=", 84.9, False), (">=", 85, True), (">=", 90, True),
    ("<=", 84.9, True), ("<=", 85, True), ("<=", 85.1, False)])
def test_an_aim_is_met_up_to_its_bound(relation, reached, met):
    assert AimResult(Aim("", relation, 85, "MHz", lambda found: reached), reached).met == met


def test_all_aims_are_judged_if_all_was_measured():
    assert texts(measurement(*PRESETS)) == [aim.text for aim in AIMS]


def test_what_was_not_measured_is_not_judged():
    assert texts(measurement("tiny", targets=("hx8k",))) == [
        "each: hits per cycle, N = 1", "each: hits per cycle, N = 3", "tiny: translations",
        "icebreaker as built: clock, with 5% in hand"]
    assert "tiny, UP5K: clock" not in texts(measurement(
        "tiny", targets=("up5k",), unfit={("tiny", "up5k")}))


def test_the_lowest_rate_counts():
    found = measurement("tiny", "default")
    tiny, default = found.units
    fast = replace(default, cycles={
        latency: {**figures, "hits_per_cycle": 1.0} for latency, figures in default.cycles.items()})
    rates = {verdict.aim.text: verdict for verdict in judged(
        Measurement([tiny, fast], found.targets, found.seeds, found.tools))}
    assert rates["each: hits per cycle, N = 1"].reached == 0.5
    assert not rates["each: hits per cycle, N = 1"].met


def test_the_table_tells_figure_and_bound():
    rows = {" ".join(line.split()) for line in as_text(measurement(*PRESETS)).splitlines()}
    assert "default, ECP5: clock >= 85 MHz 40 no" in rows
    assert "default, ECP5: look-up tables for a translation <= 5 3.9 yes" in rows
    assert "default, ECP5: the same <= 36 ns 125 no" in rows
    assert "default, ECP5: the same <= 130 ns 125 yes" in rows


def test_a_near_miss_is_not_rounded_to_its_bound():
    found   = measurement("default", targets=("ecp5",))
    placed  = found.units[0].costs["ecp5"].placements[0]
    nearly  = replace(found.units[0], costs={"ecp5": replace(
        found.units[0].costs["ecp5"], placements=[replace(placed, fmax_hz=84.96e6)])})
    [row]   = [line.split() for line in as_text(
        Measurement([nearly], found.targets, found.seeds, found.tools)).splitlines()
        if line.startswith("default, ECP5: clock")]
    assert row[-2:] == ["84.96", "no"]


def test_the_json_has_them():
    found = json.loads(as_json(measurement("default", targets=("ecp5",))))["aims"]
    assert found["judged"][0] == {
        "text": "default, ECP5: clock", "relation": ">=", "bound": 85, "unit": "MHz",
        "reached": pytest.approx(40), "met": False}
    assert len(found["not_made"]) == 3
