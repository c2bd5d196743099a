# amaranth: UnusedElaboratable=no
"""Adapters between the unit's bus and others, with a memory behind them."""

from itertools import pairwise
from random import Random

import pytest
from arbiter_support import IDLE, Drive, increments, played, random_traffic

from hw.adapters.classic import ClassicBridge
from hw.adapters.width import DownConverter
from hw.wishbone import ClassicSignature, WishboneSignature
from sim.memory import PhysicalMemory
from sim.verification.ports import WishboneCycle
from sim.verification.rules import WishboneChecker

from .adapter_support import ADAPTERS, across


EACH = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)

#: Latency of memory, and the cycles in which it stalls.
TIMINGS = pytest.mark.parametrize("timing", [
    {"latency": 1}, {"latency": 2, "stall": (0, 1)}, {"latency": 5, "stall": (1, 1, 0, 0, 1, 0)},
], ids=["fast", "stalling", "slow"])

READ, WRITE = 0, 1
ALL = 0xff

#: Byte lanes of the lower half, of the upper one, and of both.
LANES = 0x0c, 0xf0, ALL, 0x18


def selected(sel):
    """Mask of the bits in the lanes of ``sel``."""
    return sum(0xff << 8 * lane for lane in range(8) if sel >> lane & 1)


def transfer(we, adr, sel=ALL, dat_w=0, *, lock=0):
    """Request a transfer, wait for its end; return what was given in that cycle."""
    while (yield Drive(1, 1, we, lock, adr, sel, dat_w)).stall:
        pass
    while not ((seen := (yield Drive(cyc=1, lock=lock))).ack or seen.err):
        pass
    return seen


def rules_broken(drives, givens):
    """Names of the rules of pipelined Wishbone that a bus breaks."""
    checker = WishboneChecker()
    return {rule.name for drive, given in zip(drives, givens, strict=True)
            for rule in checker.step(WishboneCycle(**vars(drive), **vars(given)))}


def by_the_model(log):
    """Compare all that the initiator reads with a memory in which its transfers are done at once.

    Returns that memory.
    """
    memory, outstanding = PhysicalMemory(), []
    for cycle in log:
        if cycle.completed:
            drive, word = outstanding.pop(0)
            assert cycle.seen.ack
            assert drive.we or not (cycle.seen.dat_r ^ word) & selected(drive.sel)
        if cycle.accepted:
            drive = cycle.driven
            outstanding.append(
                (drive, memory.transfer(drive.adr, drive.we, drive.sel, drive.dat_w)))
    assert not outstanding
    return memory


# Data.

@pytest.mark.slow
@EACH
@TIMINGS
@pytest.mark.parametrize("seed", range(2))
def test_random_transfers_do_what_they_do_in_memory(adapter, timing, seed):
    memory = adapter.memory(**timing)
    log    = across(adapter, random_traffic(Random(seed), 60), memory=memory)
    assert by_the_model(log).read_bytes(0, 4 * 8) == memory.read_bytes(0, 4 * 8)
    assert sum(cycle.completed for cycle in log) == 60


@pytest.mark.slow
def test_few_halves_may_be_outstanding():
    def few(maxphyaddr):
        return DownConverter(maxphyaddr=maxphyaddr, outstanding=1)

    adapter = ADAPTERS["narrow"]
    memory  = adapter.memory(latency=4)
    log     = across(type(adapter)(few, adapter.memory, classic=False),
                     random_traffic(Random(1), 60), memory=memory)
    assert by_the_model(log).read_bytes(0, 32) == memory.read_bytes(0, 32)


@pytest.mark.slow
@EACH
@TIMINGS
def test_an_acknowledgement_that_lasts_too_long_is_of_nothing(adapter, timing):
    memory = adapter.memory(**timing)
    log    = across(adapter, random_traffic(Random(2), 60), memory=memory, lingering=True)
    assert by_the_model(log).read_bytes(0, 32) == memory.read_bytes(0, 32)


# Time.

@pytest.mark.parametrize("name, sel, cycles", [
    ("narrow", 0xf0, 1), ("narrow", ALL, 2), ("classic", ALL, 1), ("both", 0x0f, 1),
    ("both", ALL, 3),
])
def test_a_transfer_takes_as_long_as_documented(name, sel, cycles):
    adapter = ADAPTERS[name]
    log     = across(adapter, transfer(READ, 5, sel), memory=adapter.memory(latency=1))
    assert len(log) == cycles + 1


def test_transfers_of_one_half_follow_each_other_every_cycle():
    adapter = ADAPTERS["narrow"]
    log = across(adapter, played([Drive(1, 1, 0, 0, 5, 0xf0)] * 9), memory=adapter.memory())
    assert all(cycle.accepted for cycle in log)


def test_a_free_cycle_follows_two_halves():
    adapter = ADAPTERS["narrow"]
    log = across(adapter, played([Drive(1, 1, 0, 0, 5)] * 9), memory=adapter.memory())
    assert [(cycle.request.stb, cycle.request.lock) for cycle in log] == [
        (1, 1), (1, 1), (0, 0)] * 3


def test_nothing_is_left_to_others_in_a_locked_bus_cycle():
    adapter = ADAPTERS["narrow"]
    log = across(adapter, played([Drive(1, 1, 0, 1, 5)] * 6), memory=adapter.memory())
    assert all(cycle.request.stb and cycle.request.lock for cycle in log)


# Rules of the buses.

@pytest.mark.slow
@EACH
@TIMINGS
def test_both_buses_obey_the_rules(adapter, timing):
    log = across(adapter, random_traffic(Random(3), 60), memory=adapter.memory(**timing))
    # The traffic has transfers of no lane.
    assert rules_broken([cycle.driven for cycle in log], [cycle.seen for cycle in log]) <= {"lanes"}
    if adapter.classic:
        obeys_standard_mode(log)
    else:
        # A transfer of two halves is locked too, though it is no update of what it reads.
        assert rules_broken([cycle.request for cycle in log], [cycle.given for cycle in log]) <= {
            "lanes", "write follows read", "lock until acknowledged"}


def obeys_standard_mode(log):
    """A transfer is requested in a bus cycle, until it completes, and then none for a cycle."""
    for cycle, after in pairwise(log):
        if cycle.request.stb:
            assert cycle.request.cyc
            if cycle.given.ack or cycle.given.err:
                assert not after.request.stb
            else:
                assert after.request == cycle.request


@EACH
@TIMINGS
def test_locked_updates_obey_the_rules(adapter, timing):
    log = across(adapter, increments(5, 12, iter([0, 2, 1] * 20).__next__),
                 memory=adapter.memory(**timing))
    assert rules_broken([cycle.driven for cycle in log], [cycle.seen for cycle in log]) == set()
    if not adapter.classic:
        assert rules_broken([cycle.request for cycle in log],
                            [cycle.given for cycle in log]) == set()


# Locked transfers.

@pytest.mark.slow
@EACH
@TIMINGS
def test_nobody_comes_between_the_halves_of_a_locked_update(adapter, timing):
    memory = adapter.memory(**timing)
    count  = 0

    def others():
        nonlocal count
        count += 1
        memory.write(40, 8, memory.read(40, 8) + (1 << 32) + 1)

    across(adapter, increments(5, 20), memory=memory, others=others)
    assert memory.read(40, 8) == 20 + count * ((1 << 32) + 1)
    assert count >= 20


@EACH
@TIMINGS
def test_nobody_comes_between_the_halves_of_a_transfer(adapter, timing):
    memory, halves = adapter.memory(**timing), []

    def others():
        value = memory.read(40, 4) + 1
        memory.write(40, 8, value << 32 | value)

    def reads():
        for _ in range(20):
            word = (yield from transfer(READ, 5)).dat_r
            halves.append((word >> 32, word & 0xffff_ffff))

    across(adapter, reads(), memory=memory, others=others)
    assert all(upper == lower for upper, lower in halves)
    assert len(set(halves)) == 20


# Errors.

@pytest.mark.parametrize("name", ["narrow", "both"])
@TIMINGS
@pytest.mark.parametrize("failing", [{40}, {44}, {40, 44}], ids=["lower", "upper", "both"])
@pytest.mark.parametrize("we", [READ, WRITE], ids=["read", "write"])
def test_an_error_in_a_half_is_one_of_the_transfer(name, timing, failing, we):
    adapter = ADAPTERS[name]
    memory  = adapter.memory(**timing)
    memory.failing |= failing
    memory.write(32, 8, 0x1122_3344_5566_7788)

    def several():
        for sel in LANES:
            fails = bool(sel & 0x0f and 40 in failing or sel & 0xf0 and 44 in failing)
            seen  = yield from transfer(we, 5, sel)
            assert (seen.ack, seen.err) == (not fails, fails)
            seen  = yield from transfer(READ, 4, sel)
            assert (seen.ack, seen.err) == (1, 0)
            assert not (seen.dat_r ^ memory.read(32, 8)) & selected(sel)

    across(adapter, several(), memory=memory)


@pytest.mark.parametrize("lingering", [False, True])
def test_an_error_passes_from_a_classic_bus(lingering):
    adapter = ADAPTERS["classic"]
    memory  = adapter.memory(size=40)
    found   = []

    def several():
        for adr in (4, 5, 4):
            found.append((yield from transfer(READ, adr)))

    log = across(adapter, several(), memory=memory, lingering=lingering)
    assert [(seen.ack, seen.err) for seen in found] == [(1, 0), (0, 1), (1, 0)]
    assert [cycle.seen.err for cycle in log].count(1) == 1


# A bus cycle that ends early.

@pytest.mark.slow
@EACH
@TIMINGS
@pytest.mark.parametrize("pause", [1, 2, 7])
def test_what_was_accepted_is_done_and_what_comes_next_has_its_own_response(adapter, timing, pause):
    memory = adapter.memory(**timing)
    memory.write(48, 8, 6 << 32 | 6)
    ends = []

    def stores_for(patience):
        """Store; end the bus cycle so many cycles later, whatever has been accepted; then read."""
        accepted = False
        memory.write(40, 8, 5 << 32 | 5)
        for _ in range(patience):
            seen = yield Drive(1, int(not accepted), WRITE, 0, 5, ALL, 0xbad << 32 | 0xbad)
            accepted |= not accepted and not seen.stall
        for _ in range(pause):
            yield IDLE
        seen = yield from transfer(READ, 6)
        assert (seen.ack, seen.err, seen.dat_r) == (1, 0, 6 << 32 | 6)
        # The store was done if it was accepted. If not, a half of it may have been.
        word = (yield from transfer(READ, 5)).dat_r
        assert word == 0xbad << 32 | 0xbad if accepted else word in (5 << 32 | 5, 5 << 32 | 0xbad)
        ends.append(accepted)

    def initiator():
        for patience in range(1, 13):
            yield from stores_for(patience)

    log = across(adapter, initiator(), memory=memory)
    assert len(ends) == 12 and any(ends)
    # The initiator breaks two rules, and is given no response that is not its own.
    assert rules_broken([cycle.driven for cycle in log], [cycle.seen for cycle in log]) <= {
        "cycle until acknowledged", "held while stalled"}


# Names and sizes.

@pytest.mark.parametrize("signature, features", [
    (WishboneSignature, {"err", "lock", "stall"}), (ClassicSignature, {"err", "lock"}),
])
@pytest.mark.parametrize("width, shift", [(32, 2), (64, 3)])
def test_members_are_those_of_amaranth_soc(signature, features, width, shift):
    # Those of amaranth_soc.wishbone.Signature(addr_width=40 - shift, data_width=width,
    # granularity=8, features=features), which PyPI does not have.
    members = {"adr": 40 - shift, "dat_w": width, "dat_r": width, "sel": width // 8}
    members |= dict.fromkeys({"cyc", "stb", "we", "ack"} | features, 1)
    found   = signature(maxphyaddr=40, data_width=width).members
    assert {name: member.shape for name, member in found.items()} == members
    assert {name for name, member in found.items() if member.flow.name == "In"} == {
        "dat_r", "ack"} | features - {"lock"}


@pytest.mark.parametrize("make, complaint", [
    (lambda: DownConverter(maxphyaddr=40, outstanding=0), "outstanding must be 1 or more, not 0"),
    (lambda: ClassicBridge(maxphyaddr=40, data_width=16), "data_width must be 32 or 64, not 16"),
])
def test_impossible_sizes_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
