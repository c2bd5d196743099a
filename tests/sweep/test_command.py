"""`dragoncage sweep`: what it prints, and what it refuses."""

import json
import sys

import pytest

from sim.cli.main import main
from sim.sweep.report import as_json
from sim.sweep.spaces import CASES

from .sweep_support import pool_of_one, swept


def lines_of(capsys, *arguments):
    """Lines on standard error of a command that is refused."""
    assert main(["sweep", *arguments]) == 2
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("arguments, said", [
    (("--cases", "5..5"), '"5..5" is no range of cases: write A..B, such as 0..1000000'),
    (("--cases", "x"), '"x" is no range of cases'),
    (("--cases", f"0..{CASES + 1}"), f"there are {CASES} cases"),
    (("--part", "5/4"), '"5/4" is no part: write I/N, such as 1/4'),
    (("--part", "0/4"), '"0/4" is no part'),
    (("--full", "--part", "1/4"), "not allowed with argument"),
    (("--jobs", "0"), "is not a whole number"),
    (("--resume", "/nowhere/state"), "there is no folder /nowhere"),
])
def test_what_makes_no_sense_is_refused_in_a_line(capsys, arguments, said):
    line, = lines_of(capsys, *arguments)
    assert said in line


def test_without_numpy_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    line, = lines_of(capsys)
    assert line.endswith("a sweep needs NumPy: pip install 'dragoncage[sweep]'")


@pytest.mark.slow
def test_the_counts_do_not_depend_on_the_number_of_workers(capsys, tmp_path):
    stop = 1_100_000
    assert main(["sweep", "--cases", f"0..{stop}", "--jobs", "2", "--json",
                 "--resume", str(tmp_path / "state")]) == 0
    assert json.loads(capsys.readouterr().out) == as_json(swept(0, stop), None)

    # All is known now.
    assert main(["sweep", "--cases", f"0..{stop}", "--jobs", "1",
                 "--resume", str(tmp_path / "state")]) == 0
    out = capsys.readouterr().out
    assert f"Cases 0 to {stop - 1:,} of {CASES:,}" in out
    assert "The unit ends all of them as the rules say." in out
    assert "supervisor page" in out


@pytest.mark.slow
def test_a_part_of_all_cases_is_swept(capsys, monkeypatch):
    monkeypatch.setattr("sim.cli.workers.processes", lambda jobs: pool_of_one())
    assert main(["sweep", "--part", "3/100000", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["first"] == CASES * 2 // 100_000
    assert printed["stop"] == CASES * 3 // 100_000
    assert sum(printed["causes"].values()) == printed["stop"] - printed["first"]


@pytest.mark.slow
@pytest.mark.parametrize("arguments, stop", [((), 300), (("--full",), 2000)])
def test_without_a_range_it_is_a_sample_and_with_full_it_is_all(capsys, monkeypatch, arguments,
                                                                stop):
    monkeypatch.setattr("sim.cli.workers.processes", lambda jobs: pool_of_one())
    monkeypatch.setattr("sim.cli.sweep.DEFAULT", 300)
    monkeypatch.setattr("sim.sweep.spaces.CASES", 2000)
    assert main(["sweep", *arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["first"], printed["stop"]) == (0, stop)
    assert sum(printed["causes"].values()) == stop
