"""The page on switches: its commands work, and show what it says."""

import re
import shlex
from pathlib import Path

import pytest

from sim.cli.main import main


pytestmark = pytest.mark.slow


PAGE = (Path(__file__).parents[2] / "docs" / "switches.md").read_text(encoding="utf-8")

[COMMANDS] = re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

#: Exit statuses of the commands that show claims which no longer hold.
FAILING = ("kernel.wp=0", "kernel.smap=0", "ptrace")


@pytest.mark.parametrize("command", COMMANDS.splitlines())
def test_a_command_of_the_page_works(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    program, name, *arguments = shlex.split(command)
    assert program == "dragoncage"
    if name != "verilog" and "unit." not in command:
        # To compile another unit takes longer than to interpret it.
        arguments += ["--engine", "cxxrtl"]
    if arguments[:2] == ["--set", "help"]:
        with pytest.raises(SystemExit):
            main([name, *arguments])
        assert "kernel.wp" in capsys.readouterr().out
        return
    fails = name == "run" and any(word in command for word in FAILING)
    assert main([name, *arguments]) == fails
    out = capsys.readouterr().out
    assert ("FAILED" in out) == fails
    assert ("not shown: the unit has no SMAP" in out) == ("unit.smap=0" in command)


def test_without_wp_a_copy_goes_where_it_must_not_and_into_a_shared_page(capsys):
    assert main(["run", "--set", "kernel.wp=0", "--engine", "cxxrtl"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "FAILED the caller sees EFAULT" in out
    assert "FAILED ... in a frame of its own" in out
