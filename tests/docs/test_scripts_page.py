"""docs/scripts-of-linux.md: every script that comes with the project, once, by its title."""

import re
from pathlib import Path

import pytest

from sim.script import SCRIPTS
from sim.script.parser import load


PAGE = (Path(__file__).parents[2] / "docs" / "scripts-of-linux.md").read_text()

LISTED, REASONS = PAGE.split("## What no script shows")


@pytest.mark.slow
def test_the_page_lists_every_script_by_its_title():
    listed = re.findall(r"^\| `(\w+/\w+)` \| (.+) \|$", LISTED, re.MULTILINE)
    assert sorted(listed) == [(f"{file.parent.name}/{file.stem}", load(file).title)
                              for file in sorted(SCRIPTS.rglob("*.toml"))]


def test_scripts_that_the_reasons_name_are_there():
    named = re.findall(r"`(\w+/\w+)`", REASONS)
    assert [name for name in named if not (SCRIPTS / f"{name}.toml").exists()] == []
