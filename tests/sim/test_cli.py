"""The command line: its output, its exit status, and its complaints."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli import main


CASE = str(Path(__file__).with_name("scenario_cases.py"))

ROOT = Path(__file__).parents[2]


def write_scenario(folder, body):
    """A scenario in a file of its own; returns the file's name."""
    path = folder / "story.py"
    path.write_text(f'"""Story."""\n\nMODES = ("4level",)\n\n\nasync def play(stage):\n{body}')
    return str(path)


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
    assert main(["run", CASE, CASE, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [run["scenario"] for run in document["runs"]] == ["scenario_cases"] * 2


def test_a_waveform_has_a_folder_of_its_own(tmp_path, capsys):
    assert main(["run", CASE, "--waves", str(tmp_path / "new")]) == 0
    folder = tmp_path / "new" / "scenario_cases-4level-5.x"
    assert sorted(os.listdir(folder)) == ["waves.gtkw", "waves.sucl", "waves.vcd"]
    assert f"waveform: {folder}" in capsys.readouterr().err


def test_a_claim_that_does_not_hold_is_status_1(tmp_path, capsys):
    name = write_scenario(tmp_path, "    from sim.claims import Verdict\n"
                                    "    async with stage.act('Act'):\n"
                                    "        stage.claim('so', Verdict(False, None, 'not so'))\n")
    assert main(["run", name]) == 1
    assert "FAILED so [not so]" in capsys.readouterr().out


def test_a_run_that_stops_is_status_1(tmp_path, capsys):
    name = write_scenario(tmp_path, "    assert False, 'a bug in the kernel'\n")
    assert main(["run", name]) == 1
    assert "AssertionError: a bug in the kernel" in capsys.readouterr().out


def test_an_interrupt_is_one_line_and_status_130(tmp_path, capsys):
    name = write_scenario(tmp_path, "    raise KeyboardInterrupt\n")
    assert main(["run", name]) == 130
    assert capsys.readouterr().err == "dragoncage: interrupted\n"


@pytest.mark.parametrize("arguments, complaint", [
    ([],                                "required: COMMAND"),
    (["fly"],                           "invalid choice: 'fly'"),
    (["run", "no-such-story"],          'unknown scenario "no-such-story"; there are: '),
    (["run", "/no/such/story.py"],      "cannot load /no/such/story.py"),
    (["run", "--mode", "5level"],       "--mode: invalid choice: '5level'"),
    (["run", "--engine", "paper"],      "--engine: invalid choice: 'paper'"),
    (["run", "--era", "2.4"],           "--era: invalid choice: '2.4'"),
    (["run", "--fast"],                 "unrecognized arguments: --fast"),
    (["run", CASE, "--waves", CASE],    f"--waves {CASE}: {CASE} is not a folder"),
    (["run", CASE, "--waves", CASE + "/new"], f"{CASE} is not a folder"),
])
def test_a_wrong_command_is_one_line_and_status_2(capsys, arguments, complaint):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("dragoncage: ") and complaint in err
    assert err.count("\n") == 1


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


def test_list_names_the_scenarios(capsys):
    assert main(["list"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "shootdown  [4level, 32bit], 2 processors\n" in out


def test_help_is_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--help"])
    assert stopped.value.code == 0
    assert "--waves DIR" in capsys.readouterr().out


def test_python_m_sim_is_the_command():
    done = subprocess.run([sys.executable, "-m", "sim", "run", "no-such-story"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("dragoncage: unknown scenario")


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(tmp_path, number, status):
    run = subprocess.Popen(
        [sys.executable, "-m", "sim", "run", "--waves", "new/er/waves"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.rglob(".*.part")):
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(number)
    assert run.wait(timeout=30) == status
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options, complaint", [
    (["--seed", "3"], 'scenario "article" has one processor: there is nothing to schedule; '
                      "leave --seed and --schedule out"),
    (["race", "--schedule", "0:3 5:1"],
     '--schedule: "5:1" is not a turn: write CPU:STEPS, with a CPU from 0 to 1 and 1 to '
     "1000000000 steps"),
])
def test_a_schedule_that_makes_no_sense_is_refused(options, complaint, capsys):
    assert main(["run", *options]) == 2
    assert capsys.readouterr().err == f"dragoncage: {complaint}\n"


def test_a_schedule_is_carried_out_and_reported(capsys):
    assert main(["run", "shootdown", "--engine", "cxxrtl", "--schedule", "0:7 1:2", "--json"]) == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["schedule"] == "0:7 1:2"
