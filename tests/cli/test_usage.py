"""Usage of the command line: help, version, lists, and wrong commands."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest
from process_support import ROOT

from dragoncage import __version__
from hw.presets import PRESETS
from sim.cli.main import main
from sim.scenarios import SCENARIOS

from .cli_support import CASE


COMMANDS = ("run", "list", "walk", "access", "bench", "verilog", "boards", "build", "program",
            "simulate-board")


@pytest.mark.parametrize("arguments, complaint", [
    (["fly"],                           "invalid choice: 'fly'"),
    (["run", "no-such-story"],          'unknown scenario "no-such-story"; there are: '),
    (["run", "/no/such/story.py"],      "cannot load /no/such/story.py"),
    (["run", "--mode", "6level"],       "--mode: invalid choice: '6level'"),
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


def test_list_names_the_scenarios(capsys):
    assert main(["list"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "shootdown  [4level, 32bit, pae, 5level], 2 processors\n" in out


def test_list_has_json(capsys):
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (set(found), found["schema"]) == ({"schema", "scenarios", "presets", "eras"}, 1)
    assert [scenario["name"] for scenario in found["scenarios"]] == list(SCENARIOS)
    [race] = [scenario for scenario in found["scenarios"] if scenario["name"] == "race"]
    assert race == {"name": "race", "title": SCENARIOS["race"].title,
                    "modes": ["4level", "32bit", "pae", "5level"], "cpus": 2}
    [tiny] = [preset for preset in found["presets"] if preset["name"] == "tiny"]
    assert tiny == {"name": "tiny", "modes": ["32bit"], "config": asdict(PRESETS["tiny"])}


@pytest.mark.parametrize("columns", [50, 80, 200])
@pytest.mark.parametrize("command", [None, *COMMANDS], ids=str)
def test_help_is_as_wide_as_the_terminal(command, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as stopped:
        main(["--help"] if command is None else [command, "--help"])
    assert stopped.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: dragoncage {command or '[-h]'}") and err == ""
    # In a narrow terminal, options of a word and its choices stand out of the usage.
    lines = out.splitlines() if columns >= 80 else out.partition("\n\n")[2].splitlines()
    assert lines and all(len(line) <= columns for line in lines)


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


@pytest.mark.slow
def test_python_m_dragoncage_is_the_command():
    done = subprocess.run([sys.executable, "-m", "dragoncage", "run", "no-such-story"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("dragoncage: unknown scenario")


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
@pytest.mark.parametrize("command", ["list", "boards"])
def test_lists_are_as_wide_as_the_terminal(command, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([command]) == 0
    assert all(len(line) <= columns for line in capsys.readouterr().out.splitlines())
