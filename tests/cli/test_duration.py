"""Length of a run: known if the same one was played, and of no other."""

from dataclasses import replace
from pathlib import Path

import pytest

import sim.cli.duration
from sim.cli.duration import Duration
from sim.scenario.failure import Failure
from sim.scenario.run import Run
from sim.scenario.scenario import load
from sim.scenario.acts import Act
from sim.scenarios import SCENARIOS

from .cli_support import CASE


RUN = Run("story", "Story", "4level", "pysim", "5.x", cycles=12_345, seconds=3.0,
          acts=[Act(title="One"), Act(title="Two")])


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def of(words="article pysim", scenario="article"):
    return Duration(SCENARIOS[scenario], words)


def test_the_same_run_is_known_the_next_time():
    first = of()
    assert first.cycles is None and first.numbered("One") == "One"
    first.keep(RUN)
    second = of()
    assert second.cycles == 12_345 and second.numbered("One") == "act 1 of 2: One"
    second.done = 1
    assert second.numbered("Two") == "act 2 of 2: Two"


def test_another_machine_or_other_sources_are_another_run(monkeypatch):
    of().keep(RUN)
    assert of("article --mode 32bit pysim").cycles is None
    monkeypatch.setattr(sim.cli.duration, "_sources", lambda: "others")
    assert of().cycles is None


def test_a_file_that_was_changed_is_another_run(tmp_path):
    path = tmp_path / "story.py"
    path.write_text(Path(CASE).read_text())
    Duration(load(path), "story.py").keep(RUN)
    assert Duration(load(path), "story.py").cycles == 12_345
    path.write_text(path.read_text() + "\n# a change\n")
    assert Duration(load(path), "story.py").cycles is None


@pytest.mark.parametrize("changes", [
    {"seconds": 1.9},                                  # nobody saw its progress
    {"failure": Failure("bad", 1, (), ())},            # it did not come to its end
])
def test_what_was_short_or_not_whole_is_not_kept(changes):
    of().keep(replace(RUN, **changes))
    assert of().cycles is None


def test_a_cache_that_cannot_be_used_is_no_complaint(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    of().keep(RUN)
    assert of().cycles is None
