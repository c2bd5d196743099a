"""`dragoncage litmus`: what it prints and refuses."""

import json

import pytest

from sim.cli.main import main
from sim.litmus.library import library


def test_tests_are_played_by_name_each_in_a_line(capsys):
    assert main(["litmus", "CoWT", "SB", "BBM", "--engine", "golden"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ("CoWT: ok, seen: 0:EAX=1 /\\ 0:EBX=1 (2 schedules, 2 sets of evictions)")
    assert lines[1] == "SB: ok, allowed, not seen: 0:EAX=2 /\\ 1:EAX=1 (3 schedules)"
    assert lines[2].startswith("BBM: ok, never seen: 1:EBX=1")
    assert lines[3].split() == ["tests", "3"]


@pytest.mark.slow
def test_a_test_is_shown_with_its_outcomes_and_steps(capsys):
    assert main(["litmus", "dirty", "--show"]) == 0
    shown = capsys.readouterr().out
    assert "P0         | P1                ;" in shown
    assert "    2                 1:EAX=(oa:PA(a)), [PA(a)]=5" in shown
    assert "       forbidden      1:EAX=(oa:PA(a), D:0), [PA(a)]=5" in shown
    assert "  P0  walk: read [PTE(x)], locked, and write it\n  P0  write [PA(a)]" in shown


def test_waveforms_are_written_of_all_that_was_seen(tmp_path, capsys):
    assert main(["litmus", "CoWT", "--waves", str(tmp_path / "waves")]) == 0
    folders = sorted((tmp_path / "waves").iterdir())
    assert [folder.name for folder in folders] == ["CoWT-1", "CoWT-2"]
    vcds = [(folder / "waves.vcd").read_text(encoding="utf-8") for folder in folders]
    assert vcds[0] != vcds[1] and all("cpu1" in vcd for vcd in vcds)
    assert f"waveform: {folders[0]}: 0:EAX=1" in capsys.readouterr().err


def test_a_file_is_played(tmp_path, capsys):
    file = tmp_path / "mine.litmus"
    file.write_text("X86 mine\n{ PA(a)=1; PTE(x)=(P:0); }\n P0 ;\n MOV EAX,[x] ;\n"
                    "exists (fault(0,x))\n", encoding="utf-8")
    assert main(["litmus", str(file), "--engine", "golden"]) == 0
    assert capsys.readouterr().out.startswith("mine: ok, seen: fault(0,x) (1 schedule)")


def test_a_condition_that_is_not_so_is_told_by_words_and_status(tmp_path, capsys):
    file = tmp_path / "wrong.litmus"
    file.write_text("X86 wrong\n{ PA(a)=1; PTE(x)=(oa:PA(a)); }\n P0 ;\n MOV EAX,[x] ;\n"
                    "forbidden (0:EAX=1)\n", encoding="utf-8")
    assert main(["litmus", str(file), "--engine", "golden"]) == 1
    assert "wrong: FAILED, as this is not so: forbidden (0:EAX=1)" in capsys.readouterr().out


def test_a_flaw_is_found_out(capsys):
    assert main(["litmus", "dirty", "--engine", "golden", "--flaw",
                 "an update is not locked"]) == 1
    assert "  forbidden, and seen: 1:EAX=(oa:PA(a), D:0), [PA(a)]=5" in capsys.readouterr().out


@pytest.mark.slow
def test_all_tests_of_a_size_are_counted(capsys):
    assert main(["litmus", "--events", "3", "--engine", "golden", "--jobs", "1", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["tests"], known["failed"], known["examined"]) == (30, 0, [])
    assert known["shown"] == known["expected"] == known["outcomes"]["ordered"] > 30


def test_tests_are_listed(capsys):
    assert main(["litmus", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in library())


@pytest.mark.parametrize("content, complaint", [
    (b"ARM",      "line 1: a litmus test begins with X86"),
    (b"\xff\xfe", "it is not text in UTF-8"),
    (b" " * 70_000, "has at most 65,536 characters"),
])
def test_a_file_that_is_none_is_refused_in_a_line(content, complaint, tmp_path, capsys):
    file = tmp_path / "bad.litmus"
    file.write_bytes(content)
    assert main(["litmus", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1


@pytest.mark.parametrize("name, complaint", [
    ("nothing", 'unknown litmus test "nothing" (see: dragoncage litmus --list)'),
    ("nothing.litmus", "cannot read nothing.litmus: No such file"),
])
def test_a_test_that_is_not_there_is_refused(name, complaint, capsys):
    assert main(["litmus", name]) == 2
    assert complaint in capsys.readouterr().err
