"""A sweep on the unit: its counts, its parts, and what is kept of them."""

import json
from contextlib import closing

import pytest

from sim.output.files import FileTrouble
from sim.sweep import run
from sim.sweep.block import block
from sim.sweep.rules import CAUSES
from sim.sweep.run import PART, parts
from sim.sweep.spaces import BLOCK, SPACES
from sim.sweep.state import State
from sim.sweep.unit import unit

from .sweep_support import swept


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_the_unit_ends_a_block_of_each_space_as_the_rules_say(space):
    for number in (0, space.blocks // 3, space.blocks - 1):
        assert block(unit(), space, number).differences == []


def test_a_sweep_counts_each_case_once_and_finds_no_difference():
    result = swept(BLOCK // 2, PART + 3)
    assert sum(map(sum, result.causes)) == PART + 3 - BLOCK // 2
    assert (result.differences, result.wrong, result.difference) == (0, [], None)
    assert result.drawn in (PART // BLOCK, PART // BLOCK - 1, PART // BLOCK + 1)


def test_counts_do_not_depend_on_where_a_sweep_is_cut():
    whole = swept(0, 20 * BLOCK)
    both  = swept(0, 7 * BLOCK + 1001)
    both.add(run.Part(*list(vars(swept(7 * BLOCK + 1001, 20 * BLOCK)).values())[2:]))
    assert both.causes == whole.causes
    assert both.drawn == whole.drawn


def test_parts_are_cut_at_the_same_places_wherever_they_begin():
    assert parts(5, 2 * PART + 1) == [(5, PART), (PART, 2 * PART), (2 * PART, 2 * PART + 1)]
    assert parts(PART, PART + 9) == [(PART, PART + 9)]


def test_a_sweep_goes_on_where_it_was(tmp_path, monkeypatch):
    file = tmp_path / "state"
    stop = PART + 2 * BLOCK

    def kept():
        with closing(State(0, stop, "unit", file)) as state:
            return swept(0, stop, state)

    whole = kept()
    lines = file.read_text().splitlines(keepends=True)
    assert len(lines) == 3
    file.write_text("".join(lines[:2]) + lines[2][:9])  # the machine went off here

    done, do_part = [], run.do_part
    monkeypatch.setattr(run, "do_part", lambda *part: done.append(part) or do_part(*part))
    again = kept()
    assert done == [(PART, stop)]
    assert vars(again) == vars(whole)
    assert file.read_text().splitlines(keepends=True) == lines


def test_a_file_of_another_sweep_is_refused(tmp_path):
    file = tmp_path / "state"
    State(0, 9, "unit", file).close()
    with pytest.raises(FileTrouble, match="not of this sweep"):
        State(0, 9, "another unit", file)


@pytest.mark.parametrize("line", ["{}", "[1, 2]", "[0, 9, [[0]], 0, [], 1, ['x']]", "x",
                                  json.dumps([0, 9, [["many"]], 0, [], 1, []])])
def test_a_file_with_something_else_in_it_is_refused(tmp_path, line):
    file = tmp_path / "state"
    State(0, 9, "unit", file).close()
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(FileTrouble, match="line 2: not a part and its result"):
        State(0, 9, "unit", file)


def test_causes_are_counted_by_space():
    result = swept(0, 3 * BLOCK)
    assert all(len(counts) == len(CAUSES) for counts in result.causes)
    assert sorted(filter(None, map(sum, result.causes)))[-1] % BLOCK == 0
