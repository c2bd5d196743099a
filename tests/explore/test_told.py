"""Schedules that were found: made small, told, written down."""

import pytest

from sim.explore.plan import parse, render
from sim.explore.told import examine, slices

from .explore_support import COW, in_worker


@pytest.fixture(scope="module")
def found():
    return in_worker(examine, COW, parse("46>1 68>1 74>1 77>1"))


def test_a_schedule_is_made_as_small_as_it_gets(found):
    assert found.ending.bad
    assert found.ending.preemptions == len(found.ending.plan) == 1


def test_a_schedule_is_told_step_by_step(found):
    first, second, *_ = slices(found.steps)
    assert [step.cpu for step in found.steps].count(0) + [
        step.cpu for step in found.steps].count(1) == found.ending.steps
    assert (first.cpu, second.cpu) == (0, 1)
    assert "faultin_page" in first.functions and "zap_pte_range" in second.functions
    assert second.first == len(first.steps) == found.ending.plan[0].step
    assert found.steps[-1].doing == "pause" or "write 4 bytes" in found.steps[-1].doing


def test_steps_are_counted_as_operations_too(found):
    assert found.whole is not None
    (small,), (whole,) = found.ending.plan, found.whole
    assert whole.cpu == small.cpu and whole.step < small.step


@pytest.mark.parametrize("text", ["", "0>1", "3>1 40>0"])
def test_a_plan_is_read_as_it_is_written(text):
    assert render(parse(text)) == text


@pytest.mark.parametrize("text, complaint", [
    ("3", "no switch"), ("a>1", "no switch"), ("3>1 3>0", "by rising step"),
    ("4>1 3>0", "by rising step"), ("3>", "no switch"),
])
def test_what_is_no_plan_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(text)
