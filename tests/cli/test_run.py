"""The command `run`: its output, its exit status, and its complaints."""

import json
import os
import re
from pathlib import Path

import pytest
from process_support import started

from sim.cli.main import main
from tests.scenario.story_support import FAST

from .cli_support import CASE, complaints, write_scenario


pytestmark = pytest.mark.slow


def test_a_run_whose_claims_hold_succeeds(capsys):
    assert main(["run", CASE]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("scenario_cases: A page of one's own.\n4level paging, kernel 5.x")
    assert "ok: 4 of 4 claims hold" in out
    assert "\x1b" not in out


def test_mode_and_era_are_chosen(capsys):
    assert main(["run", CASE, "--mode", "32bit", "--era", "5.x", "--engine", "pysim"]) == 0
    assert "32bit paging, kernel 5.x, on pysim" in capsys.readouterr().out


def test_json_is_one_document(capsys):
    assert main(["run", CASE, CASE, "--json", "--engine", FAST]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [run["scenario"] for run in document["runs"]] == ["scenario_cases"] * 2


def test_a_waveform_has_a_folder_of_its_own(tmp_path, capsys):
    assert main(["run", CASE, "--engine", FAST, "--waves", str(tmp_path / "new")]) == 0
    folder = tmp_path / "new" / "scenario_cases-4level-5.x"
    assert sorted(os.listdir(folder)) == ["waves.gtkw", "waves.sucl", "waves.vcd"]
    assert f"waveform: {folder}" in capsys.readouterr().err


@pytest.mark.parametrize("options, first", [
    ([], 2163), (["--from", "boot"], 0), (["--from", "3000"], 3000),
])
def test_a_waveform_begins_with_the_first_act_or_where_it_is_told(options, first, tmp_path):
    assert main(["run", CASE, "--engine", FAST, "--waves", str(tmp_path), *options]) == 0
    text = (tmp_path / "scenario_cases-4level-5.x/waves.vcd").read_text()
    assert re.search(r"^#(\d+)$", text, re.M)[1] == str(first)


@pytest.mark.parametrize("options, complaint", [
    (["--from", "boot"], "--from says where a waveform begins, and needs --waves"),
    (["--waves", "waves", "--from", "start"],
     'argument --from: "start" is neither a cycle nor boot (see: dragoncage run --help)'),
])
def test_a_beginning_that_makes_no_sense_is_refused(options, complaint, capsys):
    assert main(["run", CASE, *options]) == 2
    assert capsys.readouterr().err == f"dragoncage: {complaint}\n"


def test_a_file_for_perfetto_is_written_and_named(tmp_path, capsys):
    assert main(["run", CASE, "--engine", FAST, "--perfetto", str(tmp_path / "trace")]) == 0
    assert re.search(rf"^trace: {tmp_path}/trace; open it at https://ui\.perfetto\.dev/#!/viewer"
                     r"\?visStart=\d+&visEnd=\d+$", capsys.readouterr().err, re.M)
    assert [path.name for path in tmp_path.iterdir()] == ["trace"]


@pytest.mark.parametrize("names, file, complaint", [
    ([CASE], "", "{}/: this is a folder; name a file in it"),
    ([CASE], "no/trace", "{}/no/trace: there is no folder {}/no; make it first"),
    (["race", "article"], "trace", "takes one scenario, for the file has one axis of time"),
])
def test_a_file_that_makes_no_sense_is_refused_before_the_run(names, file, complaint, tmp_path,
                                                              capsys):
    assert main(["run", *names, "--perfetto", f"{tmp_path}/{file}"]) == 2
    said = complaint.replace("{}/:", f"{tmp_path}:").replace("{}", str(tmp_path))
    assert capsys.readouterr().err == f"dragoncage: --perfetto {said}\n"


def test_a_claim_that_does_not_hold_is_status_1(tmp_path, capsys):
    name = write_scenario(tmp_path, "    from sim.scenario import Verdict\n"
                                    "    async with stage.act('Act'):\n"
                                    "        stage.claim('so', Verdict(False, None, 'not so'))\n")
    assert main(["run", name]) == 1
    assert "FAILED so [not so]" in capsys.readouterr().out


def test_a_run_that_stops_is_status_1(tmp_path, capsys):
    name = write_scenario(tmp_path, "    assert False, 'a bug in the kernel'\n")
    assert main(["run", name]) == 1
    assert "AssertionError: a bug in the kernel" in capsys.readouterr().out


def test_a_mode_that_a_scenario_lacks_is_status_2(tmp_path, capsys):
    name = write_scenario(tmp_path, "    pass\n")
    assert main(["run", name, "--mode", "32bit"]) == 2
    assert capsys.readouterr().err == \
        'dragoncage: scenario "story" has no mode 32bit; use --mode 4level\n'


def test_a_folder_that_cannot_be_written_is_status_2(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)   # root may write anywhere
    assert main(["run", CASE, "--waves", str(tmp_path / "new")]) == 2
    assert f"{tmp_path} cannot be written to" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_status_2(capsys):
    assert main(["run", CASE, "--waves", "/proc/new"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("dragoncage: --waves /proc/new: ") and err.count("\n") == 1


def test_two_runs_may_write_one_waveform_at_once(tmp_path):
    with (started("run", CASE, "--engine", FAST, "--waves", "both", cwd=tmp_path) as first,
          started("run", CASE, "--engine", FAST, "--waves", "both", cwd=tmp_path) as second):
        for child in (first, second):
            assert child.wait() == 0, child.err
            assert b"ok: 4 of 4 claims hold" in child.out
    folder = tmp_path / "both/scenario_cases-4level-5.x"
    assert sorted(os.listdir(folder)) == ["waves.gtkw", "waves.sucl", "waves.vcd"]
    times = re.findall(r"^#(\d+)$", (folder / "waves.vcd").read_text(), re.M)
    assert times == sorted(times, key=int) and len(set(times)) == len(times)


def test_runs_before_one_that_cannot_be_played_are_reported(tmp_path, capsys):
    other = Path(write_scenario(tmp_path, "    pass\n"))
    (tmp_path / "waves").mkdir()
    (tmp_path / "waves/story-4level-5.x").write_text("in the way")
    assert main(["run", CASE, str(other), "--engine", FAST, "--json",
                 "--waves", str(tmp_path / "waves")]) == 2
    out, err = capsys.readouterr()
    assert [run["scenario"] for run in json.loads(out)["runs"]] == ["scenario_cases"]
    [complaint] = complaints(err)
    assert complaint.endswith("waves/story-4level-5.x: File exists; name another folder")


@pytest.mark.parametrize("options, complaint", [
    (["--seed", "3"], 'scenario "article" has one processor: there is nothing to schedule; '
                      "leave --seed and --schedule out"),
    (["race", "--schedule", "0:3 5:1"],
     '--schedule: "5:1" is not a time slice: write CPU:STEPS, with a CPU from 0 to 1 '
     "and 1 to 1000000000 steps"),
    (["race", "--schedule", "0:" + "9" * 5000],
     f'--schedule: "0:{"9" * 38}" is not a time slice: write CPU:STEPS, with a CPU from 0 to 1 '
     "and 1 to 1000000000 steps"),
])
def test_a_schedule_that_makes_no_sense_is_refused(options, complaint, capsys):
    assert main(["run", *options]) == 2
    assert capsys.readouterr().err == f"dragoncage: {complaint}\n"


def test_a_schedule_is_carried_out_and_reported(capsys):
    assert main(["run", "shootdown", "--engine", "cxxrtl", "--schedule", "0:7 1:2", "--json"]) == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["schedule"] == "0:7 1:2"


STORY = """    from sim.scenario import Verdict
    async with stage.act('First'):
        stage.claim('so', Verdict(True, 1, 'seen'))
    print('between')
    stage.claim('and so, later', Verdict(True, 2, 'seen'))
    stage.leave_out('Second', 'it cannot be shown')
    async with stage.act('Third'):
        print('in the third')
        stage.claim('so', Verdict(True, 3, 'seen'))
"""


def test_an_act_is_printed_when_it_is_over_and_not_after_the_last(tmp_path, capsys):
    assert main(["run", write_scenario(tmp_path, STORY), "--engine", FAST]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    # There may be claims in an act until the next begins.
    assert [line.split("[")[0].strip() for line in lines] == [
        "story: Story.", "4level paging, kernel 5.x, on cxxrtl, preset default, 16 MiB of memory",
        "between", "1. First", "ok     so", "ok     and so, later",
        "2. Second", "not shown: it cannot be shown", "in the third", "3. Third", "ok     so",
        "shown: acts 1, 3 of 3", lines[-1]]
    assert lines[-1].startswith("ok: 3 of 3 claims hold")


def test_json_stays_one_document_and_what_a_scenario_prints_is_elsewhere(tmp_path, capsys):
    assert main(["run", write_scenario(tmp_path, STORY), "--engine", FAST, "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["runs"][0]["acts"]) == 3 and "in the third" in err


def test_a_simulator_tells_of_an_act_when_it_is_over(tmp_path, capsys):
    name = write_scenario(tmp_path, STORY.replace("print", "str"))
    assert main(["run", name, "--engine", FAST]) == 0
    compiled = capsys.readouterr().out
    assert main(["run", name, "--engine", "cocotb", "--simulator", "icarus"]) == 0
    simulated = capsys.readouterr().out

    def acts(out):
        return out[out.index("1. First"):out.index("ok: 3 of 3")]

    assert acts(simulated) == acts(compiled)


def test_a_name_may_stand_anywhere_among_the_options(capsys):
    assert main(["run", "--engine", FAST, CASE, "--mode", "4level", CASE]) == 0
    assert capsys.readouterr().out.count("ok: 4 of 4 claims hold") == 2


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_the_report_is_as_wide_as_the_terminal(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["run", CASE, "--engine", FAST]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert min(columns * 0.75, 100) < max(map(len, lines)) <= columns
