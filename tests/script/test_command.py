"""`dragoncage script`, as it is typed."""

import json
import sys

import pytest

from sim.cli.main import main
from sim.script.outcome import Outcome
from sim.script.runs import here

from .script_support import LINUX


GOOD = '''format = 1
title = "A load"

[[step]]
who = "a"
do = "load"
at = 4096
expect = { signal = "SIGSEGV", code = "SEGV_MAPERR", error_code = "0x4", address = 4096 }
'''


def printed(capsys):
    """The printed text, in one line."""
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture(name="file")
def _file(tmp_path):
    file = tmp_path / "load.toml"
    file.write_text(GOOD)
    return file


@pytest.mark.slow
@pytest.mark.parametrize("options", [
    [], pytest.param(["--on", "linux"], marks=LINUX), ["--engine", "cxxrtl"]], ids=" ".join)
def test_a_script_is_played_and_told(options, file, capsys):
    assert main(["script", str(file), *options]) == 0
    out = capsys.readouterr().out
    assert "   4  a load at=4096" in out and "signal SIGSEGV, code SEGV_MAPERR" in out
    assert "1 script: 1 as expected, 0 not" in out


def test_results_are_printed_as_json(file, capsys):
    assert main(["script", str(file), "--json"]) == 0
    [script] = json.loads(capsys.readouterr().out)["scripts"]
    assert (script["title"], script["verdict"]) == ("A load", "expected")
    assert script["steps"][0]["model"]["address"] == "0x1000"


def test_what_the_model_does_otherwise_for_a_reason_is_status_0(file, capsys):
    file.write_text(GOOD.replace("0x4", "0x6").replace("\n\n", '\ndiffers = "a test"\n\n', 1))
    assert main(["script", str(file)]) == 0
    out = capsys.readouterr().out
    assert "otherwise than Linux: a test" in out and "expected 0x6" in out
    assert "0 not, 0 left out, 1 otherwise for a reason" in out


@LINUX
def test_a_reason_for_the_model_is_none_for_linux(file, capsys):
    file.write_text(GOOD.replace("0x4", "0x6").replace("\n\n", '\ndiffers = "a test"\n\n', 1))
    assert main(["script", str(file), "--on", "linux"]) == 1
    assert "1 not" in capsys.readouterr().out


def test_a_run_and_a_comparison_have_eighty_columns(file, capsys):
    file.write_text(GOOD.replace("A load", 10 * "A load " + "and so on").replace(
        "at = 4096", 'at = "4096' + 12 * " + 0x1000" + '"'))
    assert main(["script", str(file)]) == 1
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "\n          signal SIGSEGV, code SEGV_MAPERR" in out


def test_what_is_not_as_expected_is_status_1(file, capsys):
    file.write_text(GOOD.replace("0x4", "0x6"))
    assert main(["script", str(file)]) == 1
    assert "not as expected: error_code 0x4, expected 0x6" in capsys.readouterr().out


@LINUX
def test_a_comparison_needs_no_record(file, capsys):
    assert main(["script", str(file), "--compare"]) == 0
    assert "1 script: 1 agree" in capsys.readouterr().out


@LINUX
def test_what_both_do_otherwise_than_expected_is_told_and_no_difference(file, capsys):
    file.write_text(GOOD.replace("0x4", "0x6"))
    assert main(["script", str(file), "--compare"]) == 0
    told = printed(capsys)
    assert "both do otherwise than it expects line 4: error_code 0x4, expected 0x6" in told
    assert "1 agree, 0 differ, 1 of them otherwise than expected" in told


@LINUX
def test_what_linux_did_is_recorded_and_stands_in_for_it(file, capsys, monkeypatch):
    assert main(["script", str(file), "--record"]) == 0
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert main(["script", str(file), "--compare", "--json"]) == 0
    out = capsys.readouterr().out
    found = json.loads(out[out.index("\n{"):])
    assert found["scripts"][0]["linux"] == f"{here()} (on record)"
    assert main(["script", str(file), "--on", "linux"]) == 2
    assert "Linux on x86-64 only" in capsys.readouterr().err


@LINUX
def test_a_difference_counts_unless_the_script_says_why(file, capsys):
    main(["script", str(file), "--record"])
    record = file.with_name("linux.json")
    record.write_text(record.read_text().replace("SEGV_MAPERR", "SEGV_ACCERR"))
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setattr("platform.machine", lambda: "riscv64")
        assert main(["script", str(file), "--compare"]) == 1
        assert f"code: {here()} (on record) SEGV_ACCERR, the model of 6.18 SEGV_MAPERR" in (
            printed(capsys))
        file.write_text(GOOD.replace("\n\n", '\ndiffers = "it is a test"\n\n', 1))
        assert main(["script", str(file), "--compare"]) == 0
    assert "and says why: it is a test" in printed(capsys)


@LINUX
def test_a_model_that_does_as_the_linux_on_record_is_at_no_fault(file, capsys, monkeypatch):
    assert main(["script", str(file), "--record"]) == 0
    record = file.with_name("linux.json")
    record.write_text(record.read_text().replace(here(), "Linux 6.18.0"))
    monkeypatch.setattr("sim.script.runs.on_linux", lambda script: [Outcome({"ret": 1})])
    assert main(["script", str(file), "--compare"]) == 0
    out = printed(capsys)
    assert "differs, but the model does as the Linux on record" in out
    assert "1 agree with the Linux on record, and not with this one" in out


def test_a_script_that_needs_what_is_not_here_is_left_out(file, capsys, monkeypatch):
    monkeypatch.setattr("sim.cli.script.lacking", lambda script: "root")
    for what, told in ((["--on", "linux"], "1 left out"), (["--compare"], "1 left out"),
                       (["--record"], "0 scripts recorded")):
        assert main(["script", str(file), *what]) == 0
        out = capsys.readouterr().out
        assert "left out" in out and told in out


@pytest.mark.parametrize("words, said", [
    (["nowhere.toml"], "cannot read nowhere.toml"),
    (["."], "there is no script in it"),
    (["bad.toml"], "bad.toml:2: title is a text, not 3"),
])
def test_a_mistake_is_one_line(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if words == ["bad.toml"]:
        (tmp_path / "bad.toml").write_text("format = 1\ntitle = 3\n")
    assert main(["script", *words]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_the_golden_engine_judges_no_claims(capsys):
    assert main(["run", "--engine", "golden"]) == 2
    assert "claims are judged from signals, and the engine golden has none" in (
        capsys.readouterr().err)
    assert sys.exc_info() == (None, None, None)


def test_a_seed_from_which_nothing_is_drawn_is_refused(capsys):
    assert main(["script", "--seed", "7"]) == 2
    assert capsys.readouterr() == ("", "dragoncage: --seed S goes with --random N\n")
