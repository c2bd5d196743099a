"""The figures of docs/explore.md are those of a search."""

import re
from pathlib import Path

import pytest

from sim.explore.races import RACES, race_called
from sim.explore.search import Exhaustive
from sim.explore.unit import Setting

from .explore_support import LONG, explored


PAGE = (Path(__file__).parents[2] / "docs" / "explore.md").read_text(encoding="utf-8")


def rows(heading):
    """Rows of a table, each a list of cells without the marks of code."""
    text = re.search(rf"^\| race \| {heading}.*?(?=\n\n)", PAGE, re.MULTILINE | re.DOTALL)[0]
    return {cells[0]: cells[1:] for line in text.splitlines()[2:]
            for cells in [[cell.strip(" `") for cell in line.strip("|").split("|")]]}


def test_the_page_has_the_races_and_where_they_are_found():
    found = rows("the outcome")
    assert [*found] == [*RACES]
    for name, (_, flawed, sound) in found.items():
        module = race_called(name)
        assert flawed.split()[0].rstrip(",") == module.FLAWED.era
        assert sound == module.SOUND.era
        assert module.FLAWED.flaw in flawed


def test_the_page_has_a_row_for_each_race_with_its_bound():
    figures = rows("n ")
    assert [*figures] == [*RACES]
    for name, (processors, _, bound, *_) in figures.items():
        module = race_called(name)
        assert processors == str(module.CPUS)
        assert bound.split()[0] == str(module.PREEMPTIONS or "none")


@pytest.mark.slow
@pytest.mark.parametrize("name", RACES)
def test_the_page_has_the_steps_of_each_race(name):
    """They change with the kernel, and so do the figures beside them."""
    found = explored(Exhaustive(0), Setting(name))
    assert rows("n ")[name][1] == f"{found.steps:,}"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RACES if name not in LONG])
def test_the_page_has_what_a_search_counts(name):
    assert rows("n ")[name][3:] == counted(name)


def counted(name):
    """The figures of a race: schedules and those played, bad ones, and the same where it is not."""
    flawed, sound = (explored(Exhaustive(race_called(name).PREEMPTIONS), setting)
                     for setting in (Setting(name), Setting(name, sound=True)))
    assert sound.first is None, f"{name} is found where it was mended"
    both = [f"{sum(entry.played + entry.equal for entry in result.rounds):,}, {result.played:,}"
            for result in (flawed, sound)]
    return [both[0], str(sum(entry.bad for entry in flawed.rounds)), both[1]]
