"""Calls of kernel functions, from marks."""

from sim.record.calls import Call, calls

from .trace_records import mark


def test_a_function_lasts_until_it_is_left():
    marks = [mark(0), mark(3, "read"), mark(5, "read", "copy"), mark(7, "read"), mark(9)]
    assert calls(marks, 20) == [Call(3, 9, 0, "read"), Call(5, 7, 1, "copy")]


def test_callers_come_before_what_they_call_in_the_same_cycle():
    assert calls([mark(0), mark(4, "outer", "inner"), mark(6)], 10) == [
        Call(4, 6, 0, "outer"), Call(4, 6, 1, "inner")]


def test_a_function_that_takes_the_place_of_another_begins_where_that_ends():
    marks = [mark(0, "write", "lock"), mark(2, "write", "copy"), mark(3, "exit")]
    assert calls(marks, 8) == [
        Call(0, 3, 0, "write"), Call(0, 2, 1, "lock"), Call(2, 3, 1, "copy"), Call(3, 8, 0, "exit")]


def test_one_that_calls_itself_is_there_twice():
    assert calls([mark(0, "walk"), mark(1, "walk", "walk"), mark(2, "walk"), mark(3)], 9) == [
        Call(0, 3, 0, "walk"), Call(1, 2, 1, "walk")]


def test_a_claim_that_changes_ends_no_function():
    assert calls([mark(0, "read"), mark(2, "read", claim="so"), mark(5)], 9) == [
        Call(0, 5, 0, "read")]


def test_what_does_not_return_lasts_as_long_as_the_record():
    assert calls([mark(0), mark(4, "panic")], 9) == [Call(4, 9, 0, "panic")]
