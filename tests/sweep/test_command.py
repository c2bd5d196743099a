"""`dragoncage sweep`: what it prints, and what it refuses."""

import json
import sys
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.sweep.report import as_json
from sim.sweep.spaces import CASES
from tests.json_support import documented, paths

from .sweep_support import swept


PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


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
    monkeypatch.setattr("sim.cli.sweep.MOST", CASES)
    assert main(["sweep", "--part", f"3/{CASES // 1000}", "--jobs", "1", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["stop"] - printed["first"] == sum(printed["causes"].values()) == 1000


def test_the_page_has_the_keys_of_the_json():
    section = PAGE.partition("## dragoncage sweep --json\n")[2].partition("\n## ")[0]
    keys    = documented(section)
    found   = set(paths(as_json(swept_nothing(), None), keys))
    assert found <= keys
    assert {key for key in keys if not key.startswith("smallest.")} == found - {"smallest"} | {
        "smallest", "wrong[]"} - {"wrong"}


def swept_nothing():
    """The result of a sweep that has not begun."""
    from sim.sweep.run import Result
    return Result(0, 1)
