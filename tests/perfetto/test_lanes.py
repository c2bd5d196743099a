"""Lanes, in which no two slices overlap."""

from hypothesis import given
from hypothesis import strategies as st

from sim.perfetto.lanes import lanes
from sim.perfetto.slices import Slice


INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=60)


def of(*intervals):
    return [Slice(since, until, "") for since, until in intervals]


def test_slices_that_follow_one_another_share_a_lane():
    assert lanes(of((0, 2), (2, 3), (7, 9))) == [of((0, 2), (2, 3), (7, 9))]


def test_those_that_overlap_lie_side_by_side():
    assert lanes(of((0, 4), (1, 5), (2, 3), (4, 6))) == [
        of((0, 4), (4, 6)), of((1, 5)), of((2, 3))]


def test_without_slices_there_is_no_lane():
    assert lanes([]) == []


@given(INTERVALS)
def test_none_is_lost_none_overlap_and_there_are_no_more_lanes_than_needed(intervals):
    slices = sorted(Slice(since, since + length, "") for since, length in intervals)
    found  = lanes(slices)
    assert sorted(piece for lane in found for piece in lane) == slices
    for lane in found:
        assert all(one.until <= other.since for one, other in zip(lane, lane[1:], strict=False))
    deepest = max((sum(other.since <= piece.since < other.until for other in slices)
                   for piece in slices), default=0)
    assert len(found) == deepest
