"""Mutants of the unit: a dozen of them in one compiled design, and checks that notice them."""

import json

import pytest

from sim.cli.main import main
from sim.mutation.mutant import Draw
from sim.mutation.suite import Suite
from sim.mutation.unit import run
from sim.mutation.unit.cases import Cases
from sim.mutation.unit.machine import Machine
from sim.mutation.unit.mutants import list_mutants
from sim.mutation.unit.proof import why_equivalent
from sim.mutation.unit.regression import Regression
from sim.mutation.unit.sequences import Sequences
from sim.mutation.unit.suite import BenchHooks

from .mutation_support import pool_of_this_process


#: All tests have these, so that one design is compiled.
DRAW = Draw(12, 1)

#: What notices each of them, as far as the checks do that take little time.
NOTICED = {1: "sequences", 2: "vectors", 3: "sequences", 4: "sequences", 5: "vectors",
           6: "sequences", 7: None, 8: None, 9: "sequences", 10: "cycles", 11: None,
           12: "sequences"}

#: Cycles that the accesses of each random sequence take: a change is one of the unit's timing. The
#: check of cycles is one against these numbers, for the unit without a mutant takes as many.
CYCLES = [
    785, 1576, 2717, 1719, 1412, 1062, 1935, 1982, 1045, 978, 277, 1511, 1123, 1055, 1173, 1760,
    956, 1053, 752, 1107, 1352, 822, 1734, 1376, 1240, 952, 885, 1099, 637, 643, 737, 1948, 619,
    1653, 1521, 792, 859, 759, 558, 850, 2408, 769, 927, 1084, 913, 1205, 1978, 1667, 1134, 911,
    1709, 176, 1628, 989, 1027, 2077, 665, 3202, 2570, 1202,
]


@pytest.mark.slow
def test_a_draw_has_as_many_mutants_as_are_wanted_none_of_them_twice():
    mutants = list_mutants(DRAW)
    assert [mutant.number for mutant in mutants] == list(range(1, 13))
    assert len({(mutant.place, mutant.change) for mutant in mutants}) == 12


@pytest.mark.slow
def test_the_unit_without_a_mutant_does_what_the_golden_model_says_in_as_many_cycles():
    machine, sequences = Machine(DRAW), Sequences(run.SEQUENCES, run.OPERATIONS)
    machine.choose(0)
    assert sequences.noticed(machine.sequences) == ""
    assert sequences.cycles(machine.sequences) == CYCLES
    assert Cases(200, 600).noticed(machine.vectors) == ""
    assert Regression(machine.pins, 12).noticed() == ""


@pytest.mark.slow
@pytest.mark.parametrize("number", [number for number, check in NOTICED.items() if check][:3])
def test_the_regression_notices_what_others_do(number):
    machine = Machine(DRAW)
    machine.choose(number)
    assert Regression(machine.pins, run.ROUNDS).noticed() != ""


@pytest.fixture
def few(monkeypatch):
    """Fewer cases and rounds: survivors take them all."""
    monkeypatch.setattr(run, "OTHERS", 300)
    monkeypatch.setattr(run, "ROUNDS", 6)
    run._bench.cache_clear()
    yield
    run._bench.cache_clear()


@pytest.mark.slow
def test_the_command_tells_what_has_noticed_each(
        capsys, monkeypatch, tmp_path, few):
    monkeypatch.setattr("sim.cli.workers.processes", pool_of_this_process)
    words = ["mutate", "hw", "--mutants", "12", "--checks", "vectors,sequences,cycles,regression",
             "--resume", str(tmp_path / "journal"), "--json"]
    assert main(words) == 1
    document = json.loads(capsys.readouterr().out)
    assert {each["number"]: each["check"] for each in document["mutants"]} == NOTICED
    assert document["killed"] == {"vectors": 2, "sequences": 6, "cycles": 1, "regression": 0}
    # Number 11 is equivalent by reasoning, and does not count.
    assert {each["number"]: each["verdict"] for each in document["mutants"]
            if each["check"] is None} == {7: "survived", 8: "survived", 11: "equivalent"}
    assert document["score"] == 9 / 11

    # All is known now, so a pool that hands out nothing is enough.
    monkeypatch.setattr("sim.cli.workers.processes", lambda jobs: pool_of_this_process(0))
    assert main([*words, "--only", "2"]) == 0
    [told] = json.loads(capsys.readouterr().out)["mutants"]
    assert told["check"] == "vectors"


@pytest.mark.slow
def test_what_changes_nothing_is_proven_to():
    *_, equivalent = mutants = list_mutants(Draw(22, DRAW.seed))
    assert why_equivalent(equivalent) == "top.walker is the same in every cycle"
    assert why_equivalent(mutants[2]) == ""


@pytest.mark.slow
def test_tests_of_the_unit_are_played_on_a_mutant():
    suite = Suite(["tests/hw/test_rules_verdict.py"], BenchHooks, DRAW)
    try:
        names = list(suite.durations)
        assert suite.play(0, names, 600, 3.0) == ""
        assert suite.play(5, names, 600, 3.0).startswith("tests/hw/test_rules_verdict.py::")
    finally:
        suite.close()
