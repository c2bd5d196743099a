"""The flame graph of the kernel's functions."""

from sim.perfetto.calls import calls
from sim.perfetto.slices import Slice
from tests.record.trace_records import mark


def test_a_function_lasts_until_it_is_left():
    marks = [mark(0), mark(3, "read"), mark(5, "read", "copy"), mark(7, "read"), mark(9)]
    assert calls(marks, 20) == [Slice(3, 9, "read"), Slice(5, 7, "copy")]


def test_callers_come_before_what_they_call_in_the_same_cycle():
    assert calls([mark(0), mark(4, "outer", "inner"), mark(6)], 10) == [
        Slice(4, 6, "outer"), Slice(4, 6, "inner")]


def test_a_function_that_takes_the_place_of_another_begins_where_that_ends():
    marks = [mark(0, "write", "lock"), mark(2, "write", "copy"), mark(3, "exit")]
    assert calls(marks, 8) == [
        Slice(0, 3, "write"), Slice(0, 2, "lock"), Slice(2, 3, "copy"), Slice(3, 8, "exit")]


def test_one_that_calls_itself_is_there_twice():
    assert calls([mark(0, "walk"), mark(1, "walk", "walk"), mark(2, "walk"), mark(3)], 9) == [
        Slice(0, 3, "walk"), Slice(1, 2, "walk")]


def test_a_claim_that_changes_ends_no_function():
    assert calls([mark(0, "read"), mark(2, "read", claim="so"), mark(5)], 9) == [
        Slice(0, 5, "read")]


def test_what_does_not_return_lasts_as_long_as_the_record():
    assert calls([mark(0), mark(4, "panic")], 9) == [Slice(4, 9, "panic")]
