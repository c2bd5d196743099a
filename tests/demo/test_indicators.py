# amaranth: UnusedElaboratable=no
"""Lights: how long they are lit, and what counts as a write by the bypass."""

import pytest
from hw_support import simulate

from hw.demo.indicators import Bypass, Light
from hw.layout import AccessKind, Fault
from hw.presets import PRESETS
from stream_support import idle


READ, WRITE, FETCH = AccessKind.READ, AccessKind.WRITE, AccessKind.FETCH
EXCHANGE = AccessKind.EXCHANGE


# A light

def lit(strobes, *, ticks, every, cycles):
    """In which cycles a light is lit, for the cycles of strobes; a tick comes every few cycles."""
    dut, found = Light(ticks), []

    async def run(ctx):
        for cycle in range(cycles):
            ctx.set(dut.strobe, cycle in strobes)
            ctx.set(dut.tick, cycle % every == 0)
            _, _, is_lit = await ctx.tick().sample(dut.lit)
            if is_lit:
                found.append(cycle)

    simulate(dut, run)
    return found


def test_a_light_is_lit_for_some_ticks():
    assert lit({12}, ticks=3, every=10, cycles=80) == list(range(13, 41))


def test_another_strobe_makes_it_longer():
    assert lit({12, 35}, ticks=3, every=10, cycles=90) == list(range(13, 61))


def test_a_light_is_dark_without_a_strobe():
    assert lit(set(), ticks=3, every=10, cycles=50) == []


@pytest.mark.parametrize("ticks", [0, -1, 1.5])
def test_a_light_must_be_lit_for_a_tick(ticks):
    with pytest.raises(ValueError, match=f"a light must be lit for a tick or more, not {ticks}"):
        Light(ticks)


# The bypass

FRAME, OTHER = 0x5000, 0x6000             # physical
PAGE, KERNEL, ELSEWHERE = 0x40_1000, 0x2000_5000, 0x40_2000   # linear


def refused(linear=PAGE, *, present=1, write=1, user=1, kind=WRITE, fault=Fault.PAGE_FAULT):
    """An access that ends in a fault."""
    return (linear, kind, user, fault, 0, {"present": present, "write": write, "user": user})


def done(linear, physical, kind, *, user):
    """An access that is done."""
    return (linear, kind, user, Fault.NONE, physical, {})


REFUSED = refused()
SEEN    = done(PAGE + 8, FRAME + 8, READ, user=1)
STORED  = done(KERNEL + 16, FRAME + 16, WRITE, user=0)


def seen(*accesses, enable=True, completed=True):
    """Numbers of the accesses that are taken for writes by the bypass."""
    dut, found = Bypass(PRESETS["tiny"], frames=32), []

    async def run(ctx):
        for number, (linear, kind, user, fault, physical, error) in enumerate(accesses):
            ctx.set(dut.request.linear, linear)
            ctx.set(dut.request.kind, kind)
            ctx.set(dut.request.user, user)
            ctx.set(dut.response.physical, physical)
            ctx.set(dut.response.fault, fault)
            ctx.set(dut.response.error, error)
            ctx.set(dut.enable, enable)
            ctx.set(dut.completed, completed)
            _, _, written = await ctx.tick().sample(dut.written)
            if written:
                found.append(number)
            ctx.set(dut.completed, 0)   # the response is still there, but it does not count
            _, _, written = await ctx.tick().sample(dut.written)
            assert not written
            await idle(ctx, 2)

    simulate(dut, run)
    return found


def test_a_write_by_the_bypass():
    assert seen(REFUSED, SEEN, STORED) == [2]


def test_each_further_write_too():
    assert seen(REFUSED, SEEN, STORED, STORED, SEEN, STORED) == [2, 3, 5]


@pytest.mark.parametrize("kind", [WRITE, EXCHANGE, AccessKind.COMPARE_EXCHANGE])
def test_all_that_stores_is_a_write(kind):
    assert seen(REFUSED, SEEN, done(KERNEL, FRAME, kind, user=0)) == [2]


@pytest.mark.parametrize("accesses", [
    (SEEN, STORED),
    (REFUSED, STORED),
    (REFUSED, SEEN, done(KERNEL, FRAME, READ, user=0)),
    (REFUSED, SEEN, done(KERNEL, FRAME, FETCH, user=0)),
    (REFUSED, SEEN, done(KERNEL, OTHER, WRITE, user=0)),
    (REFUSED, SEEN, done(PAGE, FRAME, WRITE, user=0)),
    (REFUSED, SEEN, done(ELSEWHERE, FRAME, WRITE, user=1)),
    (REFUSED, SEEN, (KERNEL, WRITE, 0, Fault.PAGE_FAULT, FRAME, {"present": 1, "write": 1})),
    (REFUSED, SEEN, (KERNEL, WRITE, 0, Fault.SKIPPED, FRAME, {})),
    (REFUSED, done(ELSEWHERE, FRAME, READ, user=1), STORED),
    (REFUSED, done(PAGE, FRAME, READ, user=0), STORED),
    (REFUSED, done(PAGE, FRAME, WRITE, user=1), STORED),
    (refused(present=0), SEEN, STORED),
    (refused(write=0, kind=READ), SEEN, STORED),
    (refused(user=0), SEEN, STORED),
    (refused(fault=Fault.GENERAL_PROTECTION), SEEN, STORED),
    (refused(fault=Fault.SKIPPED), SEEN, STORED),
    (REFUSED, SEEN, done(PAGE, FRAME, WRITE, user=1), STORED),
    (REFUSED, SEEN, done(PAGE, FRAME, EXCHANGE, user=1), SEEN, STORED),
], ids=[
    "nothing refused", "frame not known", "a read", "a fetch", "another frame",
    "at the page itself", "by user code", "a store that is refused", "a store that is skipped",
    "user code reads elsewhere", "the kernel reads there", "user code stores there",
    "refused as not present", "a refused read", "the kernel is refused", "not canonical", "skipped",
    "user code may store there by now", "... and reads once more",
])
def test_what_is_no_write_by_the_bypass(accesses):
    assert seen(*accesses) == []


def test_the_same_page_refused_again_changes_nothing():
    assert seen(REFUSED, SEEN, REFUSED, STORED) == [3]


def test_another_page_refused_meanwhile_changes_nothing():
    # As copy-on-write of the page that the kernel is to copy from.
    assert seen(REFUSED, SEEN, refused(ELSEWHERE), done(ELSEWHERE, OTHER, WRITE, user=1),
                STORED) == [4]


def test_the_last_of_pages_refused_is_watched():
    assert seen(REFUSED, refused(ELSEWHERE), SEEN, STORED) == []
    assert seen(REFUSED, refused(ELSEWHERE), done(ELSEWHERE, FRAME, READ, user=1), STORED) == [3]


def test_after_a_store_of_user_code_it_begins_anew():
    assert seen(REFUSED, SEEN, done(PAGE, FRAME, WRITE, user=1), STORED, REFUSED, SEEN,
                STORED) == [6]


def test_a_page_that_gets_another_frame():
    assert seen(REFUSED, SEEN, done(PAGE, OTHER, READ, user=1), STORED,
                done(KERNEL, OTHER, WRITE, user=0)) == [4]


def test_only_responses_with_no_other_outstanding_count():
    assert seen(REFUSED, SEEN, STORED, completed=False) == []


def test_a_machine_that_stands_still_writes_nothing():
    assert seen(REFUSED, SEEN, STORED, enable=False) == []
