"""Mistakes in a scenario: a message and a status of their own, on every engine and in JSON."""

import json

import pytest

from sim.cli.main import main
from sim.scenario.scenario import load

from .story_support import ANY, FAST, HEAD, HOLDS, MISTAKEN, PLAY, written


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("engine", [["pysim"], ["cxxrtl"], ["cocotb", "--simulator", ANY]],
                         ids=lambda engine: engine[0])
def test_every_engine_says_the_same(engine, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, line = written(tmp_path, MISTAKEN)
    assert main(["run", "story.py", "--json", "--engine", *engine]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["mistakes"] == [document["runs"][0]["mistake"]] == [{
        "file": str(path), "line": line, "text": "user.mmap(4096)  # <--",
        "reason": "User.mmap() is called, but never awaited: write await before it"}]
    assert not document["runs"][0]["holds"]


def test_an_exit_in_a_simulator_is_a_mistake_too(tmp_path, capsys):
    path, _ = written(tmp_path, HEAD + PLAY + "    raise SystemExit(0)\n")
    assert main(["run", str(path), "--engine", "cocotb", "--simulator", ANY]) == 3
    assert "SystemExit: 0" in capsys.readouterr().out


def test_what_a_scenario_prints_is_no_part_of_the_document(tmp_path, capsys):
    path, _ = written(tmp_path, HEAD + "print('loaded')\n\n" + PLAY + "    print('played')"
                      + HOLDS)
    assert main(["run", str(path), "--json", "--engine", FAST]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["runs"][0]["holds"]
    assert "loaded\nplayed\n" in err


def test_the_report_ends_with_the_mistake(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, line = written(tmp_path, MISTAKEN)
    assert main(["run", "story.py", "--engine", FAST]) == 3
    out = capsys.readouterr().out
    assert "\nMISTAKE: 1 of 1 claims hold; " in out
    assert " ".join(out.split()).endswith(
        f"the scenario has a mistake: story.py:{line}: User.mmap() is called, but never awaited: "
        "write await before it")


def test_a_mistake_outweighs_a_claim_that_does_not_hold(tmp_path):
    failing, _  = written(tmp_path, HEAD + PLAY + HOLDS.replace("YES", "YES._replace(holds=False)"),
                          "fails.py")
    mistaken, _ = written(tmp_path, MISTAKEN)
    assert main(["run", str(failing), "--engine", FAST]) == 1
    assert main(["run", str(mistaken), str(failing), "--engine", FAST]) == 3


def test_a_mistake_in_a_scenario_of_ours_is_said_alike(monkeypatch, capsys):
    monkeypatch.setattr("sim.scenarios.article.punch._claim_walk", None)
    assert main(["run", "article", "--engine", FAST, "--json"]) == 3
    [mistake] = json.loads(capsys.readouterr().out)["mistakes"]
    assert mistake["file"].endswith("sim/scenarios/article/__init__.py")
    assert mistake["text"] == "await act.play(stage, cast)"
    assert mistake["reason"].startswith(
        "TypeError: 'NoneType' object is not callable, raised in punch.py:")


def test_a_unit_that_can_show_nothing_of_it_is_status_2(tmp_path, capsys):
    path, _ = written(tmp_path, HEAD + PLAY + "    stage.leave_out('Act', 'the unit is small')\n")
    assert main(["run", str(path), "--engine", FAST]) == 2
    assert capsys.readouterr().err == (
        'dragoncage: scenario "story": unit and kernel can show none of its acts; choose '
        "another --preset or --era\n")


def test_a_fault_of_ours_is_not_called_a_mistake_of_theirs(tmp_path, monkeypatch):
    def broken(*arguments):
        raise LookupError("ours")

    path, _ = written(tmp_path, HEAD + PLAY + HOLDS)
    monkeypatch.setattr("sw.vmlinux.Kernel.boot", broken)
    with pytest.raises(LookupError):
        load(path).perform(engine="pysim", era="6.x")
