"""The engine serial on lines that lose, change and repeat bytes, in both directions."""

import json
import re
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from board_support import FaultyLine, engine_on, worked
from trace_support import assert_same

from hw.presets import PRESETS
from sim.machine import ENGINES
from sim.scenario.json import as_json
from sim.scenario.report import as_text
from sim.scenario.scenario import load
from sim.scenarios import SCENARIOS


pytestmark = pytest.mark.slow


ARTICLE = SCENARIOS["article"]

#: A story of two acts, which takes a third of the article's time.
CASE = load(Path(__file__).parents[1] / "scenario/scenario_cases.py")


@pytest.fixture(autouse=True)
def first_number(monkeypatch):
    """Requests are numbered alike in all runs, so that a seed decides which faults there are."""
    monkeypatch.setattr(secrets, "randbelow", lambda limit: limit // 2)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_or_done_twice_on_a_bad_line(icebreaker, compiled_one, seed):
    line   = FaultyLine(icebreaker, seed=seed, rate=1e-3)
    engine = engine_on(line)
    assert worked(engine) == compiled_one[1]
    assert_same(engine.trace, compiled_one[0].trace)
    assert engine.link["repeated"] > 10 and engine.link["broken"] > 10
    assert all(line.faults.values())


@pytest.fixture
def play(monkeypatch):
    """A function that plays a story on a line."""
    def played(story, line):
        monkeypatch.setitem(ENGINES, "serial",
                            lambda config, **options: engine_on(line, config, **options))
        return story.perform(engine="serial", era="5.x")
    return played


def test_a_story_passes_where_one_byte_in_1000_is_spoilt(icebreaker, play):
    line  = FaultyLine(icebreaker, seed=1, rate=1e-3)
    run   = play(CASE, line)
    # A computer with as much memory as the board has.
    other = replace(CASE, machine={"ram": run.ram}).perform(
        engine="cxxrtl", era="5.x", config=PRESETS["tiny"])
    assert run.holds and run.failure is None and run.cycles == other.cycles
    assert run.acts == other.acts
    assert min(line.faults.values()) > 50
    # What it took is told. (That on a good line nothing is: test_serial.py.)
    assert run.link["repeated"] > 50 and run.link["broken"] > 50
    assert json.loads(as_json([run]))["runs"][0]["link"] == run.link
    assert "\nthe serial link: " in as_text(run)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("rate", [1e-2, 3e-2])
def test_where_one_byte_in_100_is_spoilt_the_article_ends_in_one_line(
        icebreaker, play, rate, seed):
    line = FaultyLine(icebreaker, seed=seed, rate=rate)
    run  = play(ARTICLE, line)
    assert not run.holds
    # A line on which not even broken frames come may also be a board without power.
    assert re.fullmatch(r"MachineLost: (the line is too bad: .*|no response .* too bad\?)",
                        run.failure.reason)
    assert line.now() < 120
