"""Each rule reports the cycle that breaks it, and nothing else."""

import pytest

from sim.verification.ports import StreamCycle, WishboneCycle
from sim.verification.rules import (
    MMU_RULES, MOST_ANSWERS, STREAM_RULES, WISHBONE_RULES, MmuChecker, MmuCycle, StreamChecker,
    WishboneChecker,
)


IDLE   = WishboneCycle()
READ   = WishboneCycle(cyc=1, stb=1, we=0, adr=5, sel=0x0f, dat_w=0)
WRITE  = READ._replace(we=1, dat_w=7)
LOCKED = READ._replace(lock=1)
WAIT   = WishboneCycle(cyc=1)
ACK    = WAIT._replace(ack=1, dat_r=3)
ERR    = WAIT._replace(err=1)
STALL  = READ._replace(stall=1)
RESET  = WishboneCycle(rst=1)

#: Sequences of cycles that a bus may have.
GOOD = {
    "nothing":              [IDLE, IDLE],
    "a read":               [READ, WAIT, ACK, IDLE],
    "a read that is stalled": [STALL, STALL, READ, ACK, IDLE],
    "reads back to back":   [READ, READ._replace(ack=1, dat_r=1, adr=6), ACK, IDLE],
    "two in flight":        [READ, READ._replace(adr=6), ACK, ACK],
    "a locked update":      [LOCKED, ACK._replace(lock=1), WAIT._replace(lock=1),
                             LOCKED._replace(we=1), ACK._replace(lock=1), IDLE],
    "an update of two words": [LOCKED, LOCKED._replace(adr=6), *[ACK._replace(lock=1)] * 2,
                               LOCKED._replace(we=1), LOCKED._replace(we=1, adr=6),
                               *[ACK._replace(lock=1)] * 2],
    "a read that fails":    [READ, READ._replace(adr=6), ERR, ACK, IDLE],
    "an update that fails": [LOCKED, ERR._replace(lock=1), IDLE],
    "a comparison that fails": [LOCKED, ACK._replace(lock=1), IDLE],
    "a reset in a transfer": [READ, RESET._replace(cyc=1), IDLE, READ, ACK],
    "an acknowledgement of nothing": [IDLE._replace(ack=1)],
    "noise while nothing is requested": [IDLE._replace(adr=None, sel=None, dat_r=None)],
}

#: For each rule, sequences whose last cycle breaks it, and breaks no other.
BAD = {
    "known": [
        [WAIT._replace(ack=None)],
        [READ._replace(adr=None)],
        [READ, ACK._replace(dat_r=None)],
        [READ, ERR._replace(err=None)],
        [IDLE._replace(cyc=None)],
    ],
    "reset":                [[RESET, READ], [RESET, RESET._replace(cyc=1)]],
    "strobe in cycle":      [[READ._replace(cyc=0)]],
    "held while stalled": [
        [STALL, WAIT],
        [STALL, READ._replace(adr=6)],
        [STALL, WRITE],
        [STALL, READ._replace(sel=0xff)],
        [STALL, LOCKED],
        [STALL._replace(we=1, dat_w=7), STALL._replace(we=1, dat_w=8)],
    ],
    "cycle until acknowledged": [[READ, IDLE], [READ, READ, ACK, IDLE]],
    "acknowledgement owed": [[ACK], [READ, ACK, ACK], [READ._replace(ack=1, dat_r=0)]],
    "one response":         [[READ, ACK._replace(err=1)]],
    "lock in cycle":        [[IDLE._replace(lock=1)]],
    "lock until acknowledged": [[LOCKED, WAIT]],
    "write follows read": [
        [LOCKED._replace(we=1)],
        [LOCKED, LOCKED._replace(we=1)],
        [LOCKED, ACK._replace(lock=1), LOCKED._replace(we=1, adr=6)],
        [LOCKED, ACK._replace(lock=1), LOCKED._replace(we=1, sel=0xff)],
        [LOCKED, ACK._replace(lock=1), LOCKED._replace(we=1), ACK._replace(lock=1), LOCKED],
        [LOCKED, ACK._replace(lock=1), IDLE, LOCKED._replace(we=1)],
    ],
    "lanes":                [[READ._replace(sel=0)]],
    "adjacent lanes":       [[READ._replace(sel=0b101)], [READ._replace(sel=0xf1)]],
    "in flight":            [[READ, READ, READ]],
}


def broken(checker, cycles):
    """Names of the rules that each of the cycles breaks."""
    return [[rule.name for rule in checker.step(cycle)] for cycle in cycles]


@pytest.mark.parametrize("cycles", GOOD.values(), ids=GOOD)
def test_a_bus_may_do_this(cycles):
    assert broken(WishboneChecker(most=2), cycles) == [[]] * len(cycles)


@pytest.mark.parametrize("name, cycles", [
    pytest.param(name, cycles, id=f"{name} {number}")
    for name, sequences in BAD.items() for number, cycles in enumerate(sequences)])
def test_a_bus_may_not_do_this(name, cycles):
    assert broken(WishboneChecker(most=2), cycles) == [[]] * (len(cycles) - 1) + [[name]]


OFFER, ACCEPTED, NONE = StreamCycle(1, 0, 5), StreamCycle(1, 1, 5), StreamCycle(0, 1)

GOOD_STREAMS = {
    "an offer that waits":  [OFFER, OFFER, ACCEPTED, NONE],
    "offers back to back":  [ACCEPTED, ACCEPTED._replace(payload=6), NONE],
    "nobody listens":       [StreamCycle(0, 0), NONE, StreamCycle(0, 0)],
}
BAD_STREAMS = {
    "known":        [[StreamCycle(None, 0)], [StreamCycle(0, None)], [StreamCycle(1, 0, None)]],
    "offer held":   [[OFFER, NONE], [ACCEPTED, OFFER, OFFER, NONE]],
    "payload held": [[OFFER, OFFER._replace(payload=6)], [OFFER, ACCEPTED._replace(payload=6)]],
}


@pytest.mark.parametrize("cycles", GOOD_STREAMS.values(), ids=GOOD_STREAMS)
def test_a_stream_may_do_this(cycles):
    assert broken(StreamChecker(), cycles) == [[]] * len(cycles)


@pytest.mark.parametrize("name, cycles", [
    (name, cycles) for name, sequences in BAD_STREAMS.items() for cycles in sequences])
def test_a_stream_may_not_do_this(name, cycles):
    assert broken(StreamChecker(), cycles) == [[]] * (len(cycles) - 1) + [[name]]


QUIET = MmuCycle(*[StreamCycle()] * 4, IDLE)


def unit(**ports):
    """A cycle of a unit: nothing happens on the other ports."""
    return QUIET._replace(**ports)


GOOD_UNITS = {
    "an access": [unit(access_request=ACCEPTED), QUIET, unit(access_response=OFFER),
                  unit(access_response=ACCEPTED), QUIET],
    "an operation after an access": [
        unit(access_request=ACCEPTED), unit(control_request=OFFER, memory=READ),
        unit(control_request=OFFER, access_request=OFFER, memory=ACK),
        unit(control_request=ACCEPTED, access_request=OFFER),
        unit(access_request=ACCEPTED, control_response=ACCEPTED)],
    "a long access, and another": [
        unit(access_request=ACCEPTED), *[unit(memory=ACK)] * MOST_ANSWERS,
        unit(access_response=ACCEPTED), *[unit(memory=ACK)] * MOST_ANSWERS,
        unit(access_request=ACCEPTED), *[unit(memory=ACK)] * MOST_ANSWERS, QUIET],
}
BAD_UNITS = {
    "response to a request":    [unit(access_response=OFFER)],
    "response to an operation": [unit(control_request=ACCEPTED), unit(control_response=ACCEPTED),
                                 unit(control_response=OFFER)],
    "operation before access":  [unit(control_request=OFFER, access_request=ACCEPTED)],
    "operation alone":          [unit(memory=READ), unit(memory=WAIT, control_request=ACCEPTED)],
    "end of an access":         [unit(access_request=ACCEPTED),
                                 *[unit(memory=ERR)] * (MOST_ANSWERS + 1), QUIET],
}


@pytest.mark.parametrize("cycles", GOOD_UNITS.values(), ids=GOOD_UNITS)
def test_a_unit_may_do_this(cycles):
    assert broken(MmuChecker(), cycles) == [[]] * len(cycles)


@pytest.mark.parametrize("name, cycles", BAD_UNITS.items(), ids=BAD_UNITS)
def test_a_unit_may_not_do_this(name, cycles):
    assert broken(MmuChecker(), cycles) == [[]] * (len(cycles) - 1) + [[name]]


@pytest.mark.parametrize("rules, sequences", [
    (WISHBONE_RULES, BAD), (STREAM_RULES, BAD_STREAMS), (MMU_RULES, BAD_UNITS),
], ids=["wishbone", "stream", "unit"])
def test_there_is_a_sequence_that_breaks_each_rule(rules, sequences):
    assert [rule.name for rule in rules] == list(sequences)
    assert all(rule.source for rule in rules)
