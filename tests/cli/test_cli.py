"""The command line: its output, its exit status, and its complaints."""

import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from files_support import await_drafts, files_of_at_most
from process_support import ROOT, started

from dragoncage import __version__
from hw.presets import PRESETS
from sim.cli.main import main
from sim.scenarios import SCENARIOS


pytestmark = pytest.mark.slow


CASE = str(Path(__file__).parents[1] / "scenario" / "scenario_cases.py")

COMMANDS = ("run", "list", "access", "bench", "verilog", "boards", "build", "program",
            "simulate-board")

def write_scenario(folder, body):
    """A scenario in a file of its own; returns the file's name."""
    path = folder / "story.py"
    path.write_text(f'"""Story."""\n\nMODES = ("4level",)\n\n\nasync def play(stage):\n{body}')
    return str(path)


def complaints(err):
    """Lines on standard error, but for progress and the places of waveforms."""
    return [line for line in err.splitlines() if not re.match(r"\d+ s[,:] |waveform: ", line)]


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
    name = write_scenario(tmp_path, "    from sim.scenario import Verdict\n"
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
    assert complaints(capsys.readouterr().err) == ["dragoncage: interrupted"]


@pytest.mark.parametrize("arguments, complaint", [
    (["fly"],                           "invalid choice: 'fly'"),
    (["run", "no-such-story"],          'unknown scenario "no-such-story"; there are: '),
    (["run", "/no/such/story.py"],      "cannot load /no/such/story.py"),
    (["run", "--mode", "5level"],       "--mode: invalid choice: '5level'"),
    (["run", "--engine", "paper"],      "--engine: invalid choice: 'paper'"),
    (["run", "--era", "2.4"],           "--era: invalid choice: '2.4'"),
    (["run", "--fast"],                 "unrecognized arguments: --fast"),
    (["run", "no\nsuch\nstory"],       'unknown scenario "no such story"; there are: '),
    (["run", CASE, "--waves", ""],      "argument --waves: a file needs a name"),
    (["run", "race", "--seed", "9" * 5000], f'"{"9" * 40}..." is not a whole number from 0 to '),
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


def test_list_has_json(capsys):
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (set(found), found["schema"]) == ({"schema", "scenarios", "presets"}, 1)
    assert [scenario["name"] for scenario in found["scenarios"]] == list(SCENARIOS)
    [race] = [scenario for scenario in found["scenarios"] if scenario["name"] == "race"]
    assert race == {"name": "race", "title": SCENARIOS["race"].title, "modes": ["4level", "32bit"],
                    "cpus": 2}
    [tiny] = [preset for preset in found["presets"] if preset["name"] == "tiny"]
    assert tiny == {"name": "tiny", "modes": ["32bit"], "config": asdict(PRESETS["tiny"])}


@pytest.mark.parametrize("command", [None, *COMMANDS], ids=str)
def test_help_is_printed_in_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main(["--help"] if command is None else [command, "--help"])
    assert stopped.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: dragoncage {command or '[-h]'}") and err == ""
    assert all(len(line) <= 80 for line in out.splitlines())


def test_without_a_command_the_help_is_an_error(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    usage = capsys.readouterr().out
    assert main([]) == 2
    assert capsys.readouterr() == ("", usage)


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr() == (f"dragoncage {__version__}\n", "")


def test_python_m_dragoncage_is_the_command():
    done = subprocess.run([sys.executable, "-m", "dragoncage", "run", "no-such-story"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("dragoncage: unknown scenario")


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129),
])
def test_an_interrupted_run_leaves_nothing(tmp_path, number, status):
    with started("run", "--waves", "new/er/waves", cwd=tmp_path) as child:
        await_drafts(child, folder=tmp_path)
        child.send_signal(number)
        assert child.wait() == status
    assert list(tmp_path.iterdir()) == []


def test_two_runs_may_write_one_waveform_at_once(tmp_path):
    with (started("run", CASE, "--waves", "both", cwd=tmp_path) as first,
          started("run", CASE, "--waves", "both", cwd=tmp_path) as second):
        for child in (first, second):
            assert child.wait() == 0, child.err
            assert b"ok: 4 of 4 claims hold" in child.out
    folder = tmp_path / "both/scenario_cases-4level-5.x"
    assert sorted(os.listdir(folder)) == ["waves.gtkw", "waves.sucl", "waves.vcd"]
    times = re.findall(r"^#(\d+)$", (folder / "waves.vcd").read_text(), re.M)
    assert times == sorted(times, key=int) and len(set(times)) == len(times)


@pytest.mark.parametrize("options, report", [
    ([],         lambda out: "ok: 4 of 4 claims hold" in out),
    (["--json"], lambda out: json.loads(out)["runs"][0]["holds"]),
])
def test_a_disk_that_is_full_costs_the_waveform_and_not_the_report(
        tmp_path, monkeypatch, capsys, options, report):
    monkeypatch.chdir(tmp_path)
    with files_of_at_most(20_000):
        assert main(["run", CASE, "--waves", "new", *options]) == 2
    out, err = capsys.readouterr()
    assert report(out)
    assert complaints(err) == ["dragoncage: --waves new: cannot write "
                               "new/scenario_cases-4level-5.x/waves.vcd: File too large"]
    assert os.listdir() == []


def test_a_run_that_stops_says_why_on_a_full_disk_too(tmp_path, capsys):
    name = write_scenario(tmp_path, "    assert False, 'a bug in the kernel'\n")
    with files_of_at_most(10_000):
        assert main(["run", name, "--waves", str(tmp_path / "new")]) == 2
    out, err = capsys.readouterr()
    assert "AssertionError: a bug in the kernel" in out
    [complaint] = complaints(err)
    assert complaint.endswith("waves.vcd: File too large")


def test_runs_before_one_that_cannot_be_played_are_reported(tmp_path, capsys):
    other = Path(write_scenario(tmp_path, "    pass\n"))
    (tmp_path / "waves").mkdir()
    (tmp_path / "waves/story-4level-5.x").write_text("in the way")
    assert main(["run", CASE, str(other), "--json", "--waves", str(tmp_path / "waves")]) == 2
    out, err = capsys.readouterr()
    assert [run["scenario"] for run in json.loads(out)["runs"]] == ["scenario_cases"]
    [complaint] = complaints(err)
    assert complaint.endswith("waves/story-4level-5.x: File exists; name another folder")


FULL = "dragoncage: cannot write standard output: No space left on device"


@pytest.mark.parametrize("arguments", [
    ["list"], ["list", "--json"], ["boards"], ["boards", "--json"], ["run", CASE],
    ["run", CASE, "--json"], ["--help"], ["--version"], ["run", "--help"], ["verilog"],
], ids=" ".join)
def test_standard_output_that_is_full_is_one_line_and_status_2(arguments, monkeypatch, capsys):
    monkeypatch.setattr("sim.verilog.convert.from_rtlil", lambda rtlil_text: "")
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(arguments) == 2
    assert complaints(capsys.readouterr().err) == [FULL]


def test_a_process_whose_output_is_full_ends_with_status_2():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "dragoncage", "list"], cwd=ROOT, stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"{FULL}\n")


def test_standard_output_that_is_closed_is_one_line_and_status_2(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["run", CASE]) == 2
    assert complaints(capsys.readouterr().err) == [
        "dragoncage: cannot write standard output: it is closed"]


class FullStream(io.StringIO):
    """A stream on which there is no room."""

    def write(self, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("arguments, status", [(["run", CASE], 0), (["run", "no-such-story"], 2)])
def test_standard_error_that_is_full_or_closed_changes_nothing(
        arguments, status, monkeypatch, capsys):
    monkeypatch.setattr("sim.output.progress.Progress.PATIENCE", 0.0)
    for stream in (FullStream(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert main(arguments) == status
        assert ("4 of 4 claims hold" in capsys.readouterr().out) == (not status)


def test_a_file_of_the_user_is_not_taken_for_a_standard_file_that_is_closed(tmp_path):
    (tmp_path / "in").write_text("")
    done = subprocess.run(
        f"{sys.executable} -m dragoncage access in -o out; "
        f"{sys.executable} -m dragoncage fly <&- >&- 2>&-",
        shell=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 2
    code = ("import os, runpy, sys\nsys.argv = ['', 'list']\n"
            "try: runpy.run_module('dragoncage', run_name='__main__')\n"
            "except SystemExit: print(os.open('/dev/null', os.O_RDONLY), file=open('number', 'w'))")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True,
                   env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL,
                   preexec_fn=lambda: os.close(2))
    assert int((tmp_path / "number").read_text()) > 2


#: Runs the command, which is interrupted by itself when it comes to import a module.
INTERRUPTED = """
import os, runpy, signal, sys

class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interruption())
sys.argv = ["dragoncage", "list"]
{before}
runpy.run_module("dragoncage", run_name="__main__", alter_sys=True)
"""


def interrupted_at(module, before=""):
    return subprocess.run([sys.executable, "-c", INTERRUPTED.format(module=module, before=before)],
                          cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["sim.cli.main", "amaranth.hdl", "sim.cli.verilog"])
def test_an_interrupt_during_imports_is_one_line_and_status_130(module):
    done = interrupted_at(module)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "dragoncage: interrupted\n")


def test_an_interrupt_that_is_ignored_is_ignored_during_imports():
    done = interrupted_at("amaranth.hdl", "signal.signal(signal.SIGINT, signal.SIG_IGN)")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_that_is_installed_is_the_module_that_can_be_interrupted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"dragoncage": "dragoncage.__main__:main"}


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_that_comes_again_while_a_command_ends_changes_nothing(tmp_path, number, status):
    name = write_scenario(tmp_path, "    import os, signal\n"
                                    "    try:\n"
                                    f"        os.kill(os.getpid(), {int(number)})\n"
                                    "    finally:\n"
                                    "        os.kill(os.getpid(), signal.SIGTERM)\n"
                                    "        os.kill(os.getpid(), signal.SIGHUP)\n")
    with pytest.raises(SystemExit) as stopped:
        main(["run", name])
    assert stopped.value.code == status


def test_a_hangup_that_is_ignored_stays_ignored(tmp_path):
    name   = write_scenario(tmp_path, "    import os, signal\n"
                                      "    from sim.scenario import Verdict\n"
                                      "    async with stage.act('one'):\n"
                                      "        os.kill(os.getpid(), signal.SIGHUP)\n"
                                      "        stage.claim('on it goes', Verdict(True, 1, ''))\n")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["run", name]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


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
