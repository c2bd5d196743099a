"""The page for those who import the parts: its names exist, and its example does what it says."""

import re
from importlib import import_module

import pytest

from .packaging_support import ROOT


PAGE = (ROOT / "docs/library.md").read_text(encoding="utf-8")

#: Names in the table of what one may rely on.
NAMES = re.findall(r"`((?:dragoncage|hw|sim|sw)\.[\w.]+)`",
                   "".join(line for line in PAGE.splitlines() if line.startswith("|")))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_promised_is_public_and_says_what_it_does(name):
    module, _, part = name.rpartition(".")
    assert part in import_module(module).__all__
    found = getattr(import_module(module), part)
    assert found.__doc__


#: Programs, and what they print.
EXAMPLES = re.findall(r"```python\n([^`]*)```\n\nIt prints\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def test_every_program_is_an_example():
    # One piece is the two lines that come before each program.
    assert len(EXAMPLES) == PAGE.count("```python") - 1 == PAGE.count("```text") == 3


@pytest.mark.slow
@pytest.mark.parametrize("code, said", EXAMPLES, ids=["page table", "32 bits", "classic"])
def test_an_example_prints_what_the_page_says(installed, code, said):
    assert installed.ask(code) == said.strip()
