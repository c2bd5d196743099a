"""`dragoncage mutate`: what it prints, and what it refuses."""

import ast
import json
from itertools import pairwise

import pytest

from sim.cli.main import main
from sim.mutation import parts, suite, survivors
from sim.mutation.kernel import mutants as kernel
from sim.mutation.kernel import run, scripts
from sim.mutation.kernel.mutants import folder
from sim.mutation.kernel.operators import sites
from sim.mutation.mutant import Draw
from sim.mutation.parts import PARTS
from sim.mutation.survivors import Survivor, known_survivors
from sim.script import SCRIPTS

from .mutation_support import MadeUp, pool_of_this_process, report


@pytest.mark.parametrize("arguments, said", [
    (["up"],                              "invalid choice: 'up'"),
    (["hw", "--mutants", "0"],            '"0" is not a whole number from 1 to 4095'),
    (["hw", "--seed", "-1"],              '"-1" is not a whole number'),
    (["hw", "--checks", "scripts"],       '"scripts" is no check of hw; there are vectors, '),
    (["sw", "--checks", "tests,"],        '"" is no check of sw; there are scripts, tests'),
    (["sw", "--only", "5", "--mutants", "4"], "--only 5: 4 mutants are drawn; say --mutants too"),
    (["sw", "--jobs", "0"],               '"0" is not a whole number'),
    (["sw", "--resume", "/nowhere/file"], "there is no folder /nowhere"),
    (["hw", "--scheduler", "a:1"],        "--scheduler: tests are played by processes of this"),
], ids=" ".join)
def test_what_makes_no_sense_is_refused_in_a_line(capsys, arguments, said):
    assert main(["mutate", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1


@pytest.mark.slow
def test_without_a_checkout_the_tests_are_no_checks(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sim.cli.workers.processes", pool_of_this_process)
    monkeypatch.setattr(suite, "__file__", str(tmp_path / "a/b/c.py"))
    run._suite.cache_clear()
    assert main(["mutate", "sw", "--mutants", "1", "--checks", "tests"]) == 2
    assert capsys.readouterr().err == (
        f"dragoncage: the tests as checks need a checkout of the project: there is no "
        f"{tmp_path}/tests\n")


@pytest.fixture
def few(monkeypatch):
    """Scripts and mutants of few things."""
    monkeypatch.setattr("sim.cli.workers.processes", pool_of_this_process)
    monkeypatch.setattr(scripts, "SCRIPTS", SCRIPTS / "brk")
    monkeypatch.setattr(kernel, "_files", lambda: ["mm/mmap/brk.py"])
    run._all_scripts.cache_clear()
    run._mutants.cache_clear()
    yield
    run._all_scripts.cache_clear()
    run._mutants.cache_clear()


@pytest.mark.slow
def test_mutants_of_the_kernel_are_tried(capsys, few, tmp_path):
    words = ["mutate", "sw", "--mutants", "8", "--checks", "scripts", "--jobs", "2"]
    assert main([*words, "--json", "--resume", str(tmp_path / "journal")]) == 1
    document = json.loads(capsys.readouterr().out)
    killed, survived = document["killed"]["scripts"], document["survived"]
    assert killed + survived + document["equivalent"] == 8
    assert document["score"] == killed / (killed + survived)
    assert document["score"] > 0.3
    assert all(each["place"].startswith("sw/mm/mmap/brk.py:") for each in document["mutants"])

    noticed = next(each for each in document["mutants"] if each["verdict"] == "killed")
    assert main([*words, "--only", str(noticed["number"])]) == 0
    out = capsys.readouterr().out
    assert "1 of 8 mutants of sw, drawn from the seed 1." in out
    assert "100.0 % are killed" in out


@pytest.mark.slow
def test_a_number_that_no_mutant_has_is_refused(capsys, few):
    assert main(["mutate", "sw", "--mutants", "4000", "--only", "3999"]) == 2
    out, err = capsys.readouterr()
    there = len(kernel.list_mutants(Draw(4000, 1)))
    assert out == "" and err == f"dragoncage: --only 3999: there are {there} mutants of sw\n"


def test_what_is_said_of_survivors_is_no_source_of_a_result():
    files = dict(pairwise(parts._texts("tests/hw")))
    assert {"hw/mmu.py", "sim/engines/cxxrtl/clock.h", "sw/bus.py", "tests/hw/mmu_support.py",
            "tests/paging_support.py"} <= files.keys()
    assert not any(name.endswith("survivors.toml") for name in files)


@pytest.mark.slow
def test_a_journal_of_other_sources_is_refused(capsys, few, tmp_path):
    journal = tmp_path / "journal"
    words = ["mutate", "sw", "--mutants", "1", "--checks", "scripts", "--resume", str(journal)]
    main(words)
    header, *rest = journal.read_text().splitlines()
    changed = json.loads(header) | {"digest": "another"}
    journal.write_text("\n".join([json.dumps(changed), *rest]) + "\n")
    capsys.readouterr()
    assert main(words) == 2
    assert "is not of this draw of mutants" in capsys.readouterr().err


def test_survivors_are_told_and_do_not_count_if_they_are_equivalent(monkeypatch):
    assert report().score == 1 / 2
    assert "3. sw/nowhere.py:3\n  3 becomes 4\n" in report().as_text()
    known = Survivor(True, "Nobody counts so far.")
    monkeypatch.setattr("sim.mutation.report.known_survivor",
                        lambda part, mutant: known if mutant.number == 3 else None)
    assert report().score == 1
    assert report().survivors == []
    assert report().as_json()["mutants"][2]["words"] == "Nobody counts so far."


def test_what_is_known_of_a_survivor_knows_no_line(monkeypatch):
    known = Survivor(True, "Nobody counts so far.")
    monkeypatch.setattr(survivors, "_survivors", lambda: {
        ("hw", "sw/nowhere.py", "3 becomes 4", "that one"): known,
        ("hw", "sw/nowhere.py", "5 becomes 6", "another"): known})
    assert survivors.known_survivor("hw", MadeUp(3)) is known
    assert survivors.known_survivor("hw", MadeUp(4)) is None
    # It is of a cell with the number that this one has now.
    assert survivors.known_survivor("hw", MadeUp(5)) is None


def test_what_is_known_is_of_mutants_of_the_kernel_that_there_are():
    entries = {(place, change) for place, change, _ in known_survivors("sw")}
    files   = {place.removeprefix("sw/").split()[0] for place, _ in entries}
    there   = {(f"sw/{file} ({site.function})", site.change) for file in files
               for site in sites(ast.parse((folder() / file).read_text(encoding="utf-8")))}
    assert entries <= there, "the source has changed: is it still so?"


@pytest.mark.parametrize("part", PARTS)
def test_what_is_known_of_a_survivor_is_a_sentence(part):
    for place, change, survivor in known_survivors(part):
        assert place and change
        assert survivor.why[0].isupper() and survivor.why.endswith(".")
