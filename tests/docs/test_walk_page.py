"""The page on walks shows what the command prints."""

import re
import shlex
from pathlib import Path

import pytest

from sim.cli.main import main


pytestmark = pytest.mark.slow


PAGE = (Path(__file__).parents[2] / "docs" / "walk.md").read_text(encoding="utf-8")

COMMANDS, EXAMPLE, LOOK, MAP = re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS.splitlines())
def test_a_command_of_the_page_works(command, capsys):
    program, *arguments = shlex.split(command)
    assert program == "dragoncage"
    assert main([*arguments, "--engine", "cxxrtl"]) == 0
    assert capsys.readouterr().out


def test_the_last_command_shows_a_stale_translation(capsys):
    *_, last = COMMANDS.splitlines()
    assert main([*shlex.split(last)[1:], "--engine", "cxxrtl"]) == 0
    assert "  TLB       STALE: " in capsys.readouterr().out


def test_the_example_is_what_the_first_command_prints(capsys):
    first, *_ = COMMANDS.splitlines()
    assert main([*shlex.split(first)[1:], "--engine", "cxxrtl"]) == 0
    assert capsys.readouterr().out == EXAMPLE


def test_the_failed_claim_is_that_of_a_kernel_without_wp(capsys):
    assert main(["run", "--set", "kernel.wp=0", "--engine", "cxxrtl"]) == 1
    out = capsys.readouterr().out
    shown = map(re.escape, LOOK.split("     ...\n"))
    assert re.search(".*?".join(shown), out.replace(" --engine cxxrtl", ""), re.DOTALL)


def test_the_map_is_what_the_command_prints(capsys):
    assert main(["walk", "--all", "--engine", "cxxrtl"]) == 0
    assert capsys.readouterr().out == MAP
