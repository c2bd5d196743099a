"""The page about the unit as hardware: its commands, its rows, and its tables are the command's."""

import re
import shlex
from pathlib import Path

import pytest

from hw.presets import PRESETS
from sim.benchmark.hardware import measure as measuring
from sim.benchmark.hardware.aims import AIMS
from sim.benchmark.hardware.cycles import MEASURES, measured
from sim.benchmark.hardware.measure import LATENCIES, Measurement, Unit
from sim.benchmark.hardware.peers import PEERS
from sim.benchmark.hardware.tables import as_text
from sim.cli.main import main
from tests.benchmark.hardware_support import measurement


PAGE = (Path(__file__).parents[2] / "docs" / "hardware.md").read_text(encoding="utf-8")

#: What the command has printed.
FIGURES = PAGE.partition("\n## Figures\n")[2]

#: Cells of a row of times: a name, three times, and their ratios.
TIMES = 7


def cells(text):
    """Lines of a table, as tuples of cells."""
    return [tuple(re.split(r"  +", line)) for line in text.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("line", re.findall(r"^dragoncage .+$", PAGE, re.MULTILINE))
def test_a_command_of_the_page_works(line, tools, monkeypatch, capsys):
    monkeypatch.setattr(measuring, "measured", lambda config, latency: {"hit": 4})
    _, *arguments = shlex.split(re.split(r"  +", line)[0])
    assert main(arguments) == 0
    assert capsys.readouterr().out


def test_each_row_of_cycles_is_explained():
    rows = re.findall(r"^\| (.+?) \| .+ \|$", PAGE.partition("## Other units")[0], re.MULTILINE)
    said = " ".join(rows)
    for measure in MEASURES.values():
        name = measure.text.replace(", A set", "")
        assert name in said or name == "cold walk of 4 levels" and "of 4 levels" in said


def test_each_unit_of_others_is_described():
    rows = re.findall(r"^\| (\w+) \| .+ \|$", PAGE.partition("## Other units")[2], re.MULTILINE)
    assert rows == ["unit", *(peer.name for peer in PEERS)]


def of_peers(text):
    """Rows of other units, without the ratios of times, which are those of one measurement."""
    rows = [row for row in cells(text) if row[0] in {peer.name for peer in PEERS}]
    return [(row[0], *row[1::2]) if len(row) == TIMES else row for row in rows]


def test_the_figures_of_other_units_are_those_that_the_command_prints():
    assert of_peers(FIGURES) == of_peers(as_text(measurement(*PRESETS)))


def test_all_aims_are_on_the_page_and_met():
    told = {row[:2]: row[-1] for row in cells(FIGURES)}
    assert {told.get((aim.text, f"{aim.relation} {aim.bound:,} {aim.unit}".strip()))
            for aim in AIMS} == {"yes"}


@pytest.mark.slow
def test_the_cycles_are_those_of_today_and_so_is_what_they_reach():
    units = [Unit(name, config, {latency: measured(config, latency) for latency in LATENCIES}, {})
             for name, config in PRESETS.items()]
    _, of_cycles, aims = as_text(Measurement(units, [], (1,), [])).split("\n\n")
    assert of_cycles in FIGURES
    assert set(cells(aims)) <= set(cells(FIGURES))
