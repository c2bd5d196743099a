"""Intervals of cycles."""

import pytest

from sim.record.interval import ALWAYS, Interval


def test_an_interval_without_an_end_goes_as_far_as_the_record():
    assert Interval(10, 20).end(100) == 20
    assert Interval(10).end(100) == ALWAYS.end(100) == 100


def test_what_comes_after_an_interval_begins_where_it_ends():
    assert Interval(10, 20).after == Interval(20)
    assert Interval(10, 20).and_after == Interval(10).and_after == Interval(10)
    with pytest.raises(ValueError, match="no end"):
        _ = Interval(10).after


@pytest.mark.parametrize("part, inside", [
    (9, False), (10, True), (19, True), (20, False),
    (Interval(10, 20), True), (Interval(9, 20), False), (Interval(10, 21), False),
    (Interval(12), False),
])
def test_a_cycle_is_inside_an_interval_and_so_is_a_part_of_it(part, inside):
    assert (part in Interval(10, 20)) is inside
    assert part not in Interval(21)
    assert part in ALWAYS
