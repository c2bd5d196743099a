"""Each case has a number, and each number a case."""

import random
import re
from pathlib import Path

import pytest

from sim.cli.sweep import DEFAULT
from sim.sweep.spaces import BLOCK, CASES, SPACES, case_at, number_of


def test_a_number_and_its_case_lead_to_each_other():
    draw = random.Random(1)
    for _ in range(500):
        number = draw.randrange(CASES)
        case   = case_at(number)
        assert number_of(case.space, case.values) == number


def test_there_are_more_cases_than_other_matrices_have():
    assert CASES > 19_000_000
    assert sum(space.blocks for space in SPACES) * BLOCK == CASES


@pytest.mark.parametrize("name", ["2 MiB", "4 KiB"])
def test_neighbouring_blocks_are_far_from_each_other(name):
    """A short range has something of every large space, and of all its digits."""
    found = [case_at(BLOCK * order) for order in range(600)]
    for space in SPACES:
        if space.blocks > 5000 and space.page == name:
            here = [case.values for case in found if case.space is space]
            for digit, radix in space.slow:
                assert len({values[digit] for values in here}) == radix


def test_a_block_varies_what_its_space_says_and_nothing_else():
    first  = case_at(7 * BLOCK)
    second = case_at(7 * BLOCK + BLOCK - 1)
    fast   = {name for name, _ in first.space.fast}
    assert {name for name, value in first.values.items() if value != second.values[name]} == fast


def test_the_page_has_how_many_cases_each_space_has():
    page  = (Path(__file__).parents[2] / "docs" / "sweep.md").read_text(encoding="utf-8")
    table = re.search(r"\| space \| cases \|\n\|---\|---\|\n((?:\|.*\n)+)", page)[1]
    rows  = dict(re.findall(r"\| (.+) \| ([\d,]+) \|", table))
    assert rows == {space.name: f"{space.blocks * BLOCK:,}" for space in SPACES}
    assert f"all {CASES:,}" in page
    assert f"{DEFAULT:,} cases" in page
