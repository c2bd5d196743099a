"""The figures of docs/explore.md are those of a search."""

import re
from pathlib import Path

from sim.explore.races import RACES, race_called
from sim.explore.search import Exhaustive
from sim.explore.unit import Setting

from .explore_support import COW, explored


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


def test_the_page_has_the_figures_of_dirty_cow():
    figures = rows("n ")
    assert [*figures] == [*RACES]
    flawed, sound = (explored(Exhaustive(1), setting)
                     for setting in (COW, Setting("dirty-cow", sound=True)))
    counted = [f"{sum(entry.played + entry.equal for entry in result.rounds)}, {result.played}"
               for result in (flawed, sound)]
    assert figures["dirty-cow"] == [
        str(flawed.processors), str(flawed.steps), "1 preemption", counted[0],
        str(sum(entry.bad for entry in flawed.rounds)), counted[1]]
