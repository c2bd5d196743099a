"""docs/proofs.md has every property, with its method and depth, as the command prints them."""

import re
from pathlib import Path

from sim.proofs.registry import PROPERTIES
from sim.proofs.report import depth_of


PAGE = (Path(__file__).parents[2] / "docs" / "proofs.md").read_text(encoding="utf-8")

#: Lines of the table that the command has printed.
MEASURED = [line.rsplit(maxsplit=3) for line in PAGE.splitlines() if line.endswith("  proven")]


def test_the_table_has_each_property_as_it_is_proven():
    shown = [(*re.split(r"\s{2,}", first), depth) for first, depth, _, _ in MEASURED]
    assert shown == [(one.name, one.method.value, depth_of(one, one.depth))
                     for one in PROPERTIES.values()]


def test_the_page_says_what_each_property_is_about():
    rows = [re.findall(r"`([a-z0-9-]+)`", line.rsplit("|", 2)[1]) for line in PAGE.splitlines()
            if line.startswith("| ") and "|---" not in line]
    assert {name for row in rows for name in row} == set(PROPERTIES)


def test_what_the_tests_prove_to_a_smaller_depth_is_named():
    said = re.search(r"to a smaller depth: (.*?)\.", PAGE, re.DOTALL)[1]
    assert dict(re.findall(r"`([a-z-]+)` to (\d+)", said)) == {
        one.name: str(one.checked) for one in PROPERTIES.values() if one.checked}
    left = re.search(r"but for\s+(.*?), and some", PAGE, re.DOTALL)[1]
    assert re.findall(r"`([a-z-]+)`", left) == [
        one.name for one in PROPERTIES.values() if one.checked == 0]
