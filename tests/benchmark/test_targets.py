"""Targets are met and missed by the figures, and the developers' command says so."""

import sys

import pytest

from tests.benchmark import __main__ as command
from tests.benchmark.exports import RUNS, measure_exports
from tests.benchmark.targets import judged, verdicts_as_text

from .benchmark_support import figures


def verdicts(**changes):
    """Names of the targets that are met and missed."""
    found = judged(figures(**changes))
    return ({verdict.target.name for verdict in found if verdict.met},
            {verdict.target.name for verdict in found if not verdict.met})


def test_targets_can_be_met():
    assert verdicts() == ({"speedup", "cycles", "loads", "limit", "look", "vectors", "run",
                           "page", "size", "files"}, set())


@pytest.mark.parametrize("change, missed", [
    ({"copies_pysim":  (10, 15_001, 1.0)},         ["speedup"]),
    ({"copies_cxxrtl": (1, 999_999, 1.0)},         ["cycles", "limit"]),
    ({"copies_cxxrtl": (1, 1_000_000, 1.0)},       []),
    ({"copies_cxxrtl": (1, 99_999, 1.0)},          ["speedup", "cycles", "limit"]),
    ({"loads_cxxrtl":  (99_999, 5_000_000, 1.0)},  ["loads"]),
    ({"copies_bare":   (1, 3_000_001, 1.0)},       ["limit"]),
    ({"copies_bare":   (1, 6_000_000, 2.0)},       []),
    ({"look_cxxrtl":   (1, 999_999, 1.0)},         ["look"]),
    ({"vectors_cxxrtl": (49_999, None, 1.0)},      ["vectors"]),
    ({"run_cxxrtl":    (1, 9_000, 3.0)},           ["run"]),
    ({"page_cxxrtl":   (1_999_999, None, 5.0)},    ["page"]),
    ({"page_cxxrtl":   (2_000_000, None, 4.9)},    ["size"]),
    ({"files_cxxrtl":  (9, None, 10.0)},           ["files"]),
], ids=str)
def test_targets_can_be_missed(change, missed):
    assert verdicts(**change)[1] == set(missed)


def test_the_table_has_verdicts_in_80_columns():
    text  = verdicts_as_text(judged(figures(loads_cxxrtl=(99_999, 500_000, 1.0))))
    lines = {" ".join(line.split()) for line in text.splitlines()}
    assert "met cycles/s of copies, kernel to bare loop 0.75 >= 0.5" in lines
    assert "MISSED single loads/s, cxxrtl 99,999 >= 100,000" in lines
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("change, status", [({}, 0), ({"run_cxxrtl": (1, 9_000, 3.0)}, 1)])
def test_the_command_fails_if_a_target_is_missed(monkeypatch, capsys, change, status):
    seconds = []
    monkeypatch.setattr(command, "measure",
                        lambda **options: seconds.append(options["seconds"]) or figures(**change))
    monkeypatch.setattr(sys, "argv", ["benchmark", "0.25"])
    monkeypatch.setattr(command, "measure_exports", lambda announce: [])
    assert command.main() == status
    out = capsys.readouterr().out
    assert seconds == [0.25] and out.startswith("Each figure") and ("MISSED" in out) == bool(status)


@pytest.mark.slow
def test_files_of_a_run_are_measured_beyond_the_run():
    times, announced = iter([0, 9, *[0, 2, 2, 5] * RUNS] * 2), []
    page, files = measure_exports(announced.append, lambda: next(times))
    assert (page.seconds, files.seconds) == (1, 1)
    assert 0 < page.count < files.count
    runs = 2 * RUNS + 1
    assert announced == ["page, article"] * runs + ["files, shootdown"] * runs
