"""Cycles of units are those of the record, whatever engine runs it."""

from functools import partial

import pytest

from hw.presets import PRESETS
from sim.benchmark.hardware import cycles as measuring
from sim.benchmark.hardware.cycles import MEASURES, measured, traced
from sim.engines.pysim import PysimEngine
from sw.bus import Access, Kind


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("latency", [1, 3])
@pytest.mark.parametrize("preset", PRESETS)
def test_both_engines_count_the_same(preset, latency, monkeypatch):
    compiled = measured(PRESETS[preset], latency)
    monkeypatch.setattr(measuring, "traced", partial(traced, engine=PysimEngine))
    assert measured(PRESETS[preset], latency) == compiled


def test_a_unit_is_measured_in_the_modes_that_it_has():
    assert set(measured(PRESETS["default"], 1)) == set(MEASURES)
    assert set(measured(PRESETS["classic"], 1)) == set(MEASURES) - {"walk_4", "second_hit"}


def test_figures_are_those_that_the_unit_promises():
    found = measured(PRESETS["default"], 1)
    assert found["hit"] == 2
    assert found["second_hit"] == 2 + 3
    assert found["walk_2"] == 2 + 4 + 2
    assert found["walk_4"] == 2 + 4 + 4
    assert found["same_table"] == 2 + 4 + 1
    assert found["set_accessed"] == 4
    assert found["hits_per_cycle"] == 1


def test_slow_memory_takes_longer():
    fast, slow = (measured(PRESETS["default"], latency) for latency in (1, 3))
    assert slow["walk_4"] - fast["walk_4"] == 2 * 5  # four entries, and the data
    assert slow["hit"] - fast["hit"] == 2
    assert slow["hits_per_cycle"] == fast["hits_per_cycle"] == 1
    assert slow["fault"] == fast["fault"]


@pytest.mark.parametrize("steps, meant", [
    ([Access(0, 8)],                                      {"walks": False}),
    ([Access(0, 8), Access(8, 8)],                        {"walks": True}),
    ([Access(0, 8), Access(8, 8)],                        {"walks": False, "faults": True}),
    ([Access(0, 8), Access(1 << 20, 8, Kind.WRITE)],      {"walks": True}),
])
def test_an_access_that_is_not_what_its_figure_says_is_no_figure(steps, meant):
    unit = measuring._Unit(PRESETS["default"], 1)
    with pytest.raises(RuntimeError, match="an access is not what is measured"):
        unit.last("4-level", *steps, **meant)
