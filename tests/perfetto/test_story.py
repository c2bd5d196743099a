"""Rows of the scenario: acts, claims and what is being tested."""

from sim.perfetto.slices import Slice
from sim.perfetto.story import story
from sim.scenario.run import Run
from sim.scenario.acts import Act, Claim, Step
from tests.record.trace_records import mark


def rows(*acts, marks=(), cycles=100):
    run = Run("story", "A story", "4level", "pysim", "5.x", cycles=cycles, acts=list(acts))
    return {row.name: row.lanes for row in story(run, marks)}


def test_acts_follow_the_boot_and_hold_what_was_done():
    acts = rows(Act(40, 60, "First", [Step("a page", 45)]), Act(60, 60, "Left", left_out="no SMAP"),
                Act(60, None, "Last"))["acts"]
    assert acts == [[
        Slice(0, 40, "boot"), Slice(40, 60, "1. First"), Slice(45, 45, "a page"),
        Slice(60, 60, "2. Left", ("no SMAP",)), Slice(60, 100, "3. Last")]]


def test_a_run_that_stops_in_its_boot_has_nothing_else():
    assert rows()["acts"] == [[Slice(0, 100, "boot")]]


def test_a_claim_is_a_cycle_wide_and_has_its_verdict_and_number():
    first  = Claim("so it is", True, 50, "a fault", "a fault")
    second = Claim("and so", False, None, "nothing", "something")
    third  = Claim("this too", True, 50, "the same")
    assert rows(Act(0, 40, "First"), Act(40, 60, "Second", [first, second, third]))["claims"] == [
        [Slice(50, 51, "ok 2.1 so it is", ("so it is", "a fault", "a fault")),
         Slice(59, 60, "FAILED 2.2 and so", ("and so", "nothing", "something"))],
        [Slice(50, 51, "ok 2.3 this too", ("this too", "the same", None))]]


def test_what_is_under_test_lasts_as_long_as_its_mark():
    marks = [mark(0), mark(4, claim="First"), mark(6, "read", claim="First"),
             mark(9, claim="so it is"), mark(12), mark(15, claim="so it is")]
    assert rows(marks=marks)["under test"] == [[
        Slice(4, 9, "First"), Slice(9, 12, "so it is"), Slice(15, 100, "so it is")]]
