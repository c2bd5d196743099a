"""All small tests: how many there are, and that names make no difference."""

from collections import Counter

import pytest

from sim.litmus.axioms import broken
from sim.litmus.candidates import candidates
from sim.litmus.enumeration import enumerated
from sim.litmus.test import Kind, Op


@pytest.fixture(scope="module")
def five():
    return list(enumerated(5))


@pytest.mark.parametrize("events, tests, of_two", [(2, 1, 0), (3, 30, 8), (4, 323, 119)])
def test_there_are_so_many(events, tests, of_two):
    found = list(enumerated(events))
    assert (len(found), sum(len(test.threads) == 2 for test in found)) == (tests, of_two)


def test_the_smallest_ones_are_these():
    assert [test.name for test in enumerated(2)] == ["xa+Wx"]
    stores = ("x0+Pxa", "xa+Pxa", "xa+Pxb", "xa+Px0")
    assert {test.name for test in enumerated(3) if len(test.threads) == 2} == {
        f"{store}+{access}" for store in stores for access in ("Rx", "Wx")}


def test_with_more_events_there_are_the_smaller_ones_too():
    smaller = {test.name for test in enumerated(3)}
    assert smaller < {test.name for test in enumerated(4)}


def test_no_two_differ_in_names_alone():
    names = Counter(test.name for test in enumerated(4))
    assert set(names.values()) == {1}
    for test in enumerated(4):
        assert test.addresses == list("xyz")[:len(test.addresses)]
        assert test.frames == list("abcd")[:len(test.frames)]


@pytest.mark.slow
def test_a_remap_has_an_invlpg_on_each_processor_and_an_interrupt_between(five):
    remaps = [test for test in five if any(
        step.op is Op.INTERRUPT for thread in test.threads for step in thread)]
    assert remaps
    for test in remaps:
        for thread, other in (test.threads, test.threads[::-1]):
            sent   = [place for place, step in enumerate(thread) if step.op is Op.INTERRUPT]
            waited = [place for place, step in enumerate(other) if step.op is Op.WAIT]
            assert len(sent) == len(waited)
            for send, wait in zip(sent, waited, strict=True):
                store, invlpg = thread[send - 2], thread[send - 1]
                assert store.location.kind is Kind.TABLE
                assert invlpg.op is other[wait + 1].op is Op.INVLPG
                assert store.location.name == invlpg.location.name == (
                    other[wait + 1].location.name)


@pytest.mark.slow
def test_programs_that_transform_finds_are_among_them_and_break_coherence(five):
    # Those of the eleven executions with five events that its authors print for this axiom.
    names = {"xa+Mxb.Rx", "xa+Mxb.Wx", "xa-+Wx.Rx", "xa-+Rx.Wx", "xa-+Wx.Wx", "xa-+Wx.Mxb"}
    found = [test for test in five if test.name in names]
    assert len(found) == len(names)
    for test in found:
        assert any("coherence" in broken(candidate) for candidate in candidates(test)), test.name
