"""Each rule of the buses says when it is broken, and nothing when it is not."""

import pytest
from sim.verification.ports import StreamCycle, WishboneCycle
from sim.verification.rules import (
    EXCHANGE_RULES, STREAM_RULES, WISHBONE_RULES, Exchange, ExchangeChecker, StreamChecker,
    WishboneChecker,
)


IDLE   = WishboneCycle()
READ   = WishboneCycle(cyc=1, stb=1, we=0, adr=5, sel=0x0f, dat_w=0)
WRITE  = READ._replace(we=1, dat_w=7)
LOCKED = READ._replace(lock=1)
WAIT   = WishboneCycle(cyc=1)
ANSWER = WAIT._replace(ack=1, dat_r=3)
STALL  = READ._replace(stall=1)
RESET  = WishboneCycle(rst=1)

#: What a bus may do.
GOOD = {
    "nothing":              [IDLE, IDLE],
    "a read":               [READ, WAIT, ANSWER, IDLE],
    "a read that is stalled": [STALL, STALL, READ, ANSWER, IDLE],
    "reads back to back":   [READ, READ._replace(ack=1, dat_r=1, adr=6), ANSWER, IDLE],
    "two in flight":        [READ, READ._replace(adr=6), ANSWER, ANSWER],
    "a locked update":      [LOCKED, ANSWER._replace(lock=1), WAIT._replace(lock=1),
                             LOCKED._replace(we=1), ANSWER._replace(lock=1), IDLE],
    "an update of two words": [LOCKED, LOCKED._replace(adr=6), *[ANSWER._replace(lock=1)] * 2,
                               LOCKED._replace(we=1), LOCKED._replace(we=1, adr=6),
                               *[ANSWER._replace(lock=1)] * 2],
    "a comparison that fails": [LOCKED, ANSWER._replace(lock=1), IDLE],
    "a reset in a transfer": [READ, RESET._replace(cyc=1), IDLE, READ, ANSWER],
    "an answer to nobody":  [IDLE._replace(ack=1)],
    "noise while nothing is asked": [IDLE._replace(adr=None, sel=None, dat_r=None)],
}

#: For each rule, sequences whose last cycle breaks it, and breaks no other.
BAD = {
    "known": [
        [WAIT._replace(ack=None)],
        [READ._replace(adr=None)],
        [READ, ANSWER._replace(dat_r=None)],
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
    "cycle until answered": [[READ, IDLE], [READ, READ, ANSWER, IDLE]],
    "answer owed":          [[ANSWER], [READ, ANSWER, ANSWER], [READ._replace(ack=1, dat_r=0)]],
    "lock in cycle":        [[IDLE._replace(lock=1)]],
    "lock until answered":  [[LOCKED, WAIT]],
    "write follows read": [
        [LOCKED._replace(we=1)],
        [LOCKED, LOCKED._replace(we=1)],
        [LOCKED, ANSWER._replace(lock=1), LOCKED._replace(we=1, adr=6)],
        [LOCKED, ANSWER._replace(lock=1), LOCKED._replace(we=1, sel=0xff)],
        [LOCKED, ANSWER._replace(lock=1), LOCKED._replace(we=1), ANSWER._replace(lock=1), LOCKED],
        [LOCKED, ANSWER._replace(lock=1), IDLE, LOCKED._replace(we=1)],
    ],
    "lanes":                [[READ._replace(sel=0)]],
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


OFFER, TAKEN, NONE = StreamCycle(1, 0, 5), StreamCycle(1, 1, 5), StreamCycle(0, 1)

GOOD_STREAMS = {
    "an offer that waits":  [OFFER, OFFER, TAKEN, NONE],
    "offers back to back":  [TAKEN, TAKEN._replace(payload=6), NONE],
    "nobody listens":       [StreamCycle(0, 0), NONE, StreamCycle(0, 0)],
}
BAD_STREAMS = {
    "known":        [[StreamCycle(None, 0)], [StreamCycle(0, None)], [StreamCycle(1, 0, None)]],
    "offer held":   [[OFFER, NONE], [TAKEN, OFFER, OFFER, NONE]],
    "payload held": [[OFFER, OFFER._replace(payload=6)], [OFFER, TAKEN._replace(payload=6)]],
}


@pytest.mark.parametrize("cycles", GOOD_STREAMS.values(), ids=GOOD_STREAMS)
def test_a_stream_may_do_this(cycles):
    assert broken(StreamChecker(), cycles) == [[]] * len(cycles)


@pytest.mark.parametrize("name, cycles", [
    (name, cycles) for name, sequences in BAD_STREAMS.items() for cycles in sequences])
def test_a_stream_may_not_do_this(name, cycles):
    assert broken(StreamChecker(), cycles) == [[]] * (len(cycles) - 1) + [[name]]


QUIET = Exchange(*[StreamCycle()] * 4, IDLE)

GOOD_EXCHANGES = {
    "an access": [QUIET._replace(access=TAKEN), QUIET, QUIET._replace(answer=OFFER),
                  QUIET._replace(answer=TAKEN), QUIET],
    "an operation after an access": [
        QUIET._replace(access=TAKEN), QUIET._replace(control=OFFER, bus=READ),
        QUIET._replace(control=OFFER, access=OFFER, bus=ANSWER),
        QUIET._replace(control=TAKEN, access=OFFER),
        QUIET._replace(access=TAKEN, controlled=TAKEN)],
}
BAD_EXCHANGES = {
    "answer to a request":     [QUIET._replace(answer=OFFER)],
    "answer to an operation":  [QUIET._replace(control=TAKEN), QUIET._replace(controlled=TAKEN),
                                QUIET._replace(controlled=OFFER)],
    "operation before access": [QUIET._replace(control=OFFER, access=TAKEN)],
    "operation alone":         [QUIET._replace(bus=READ), QUIET._replace(bus=WAIT, control=TAKEN)],
}


@pytest.mark.parametrize("cycles", GOOD_EXCHANGES.values(), ids=GOOD_EXCHANGES)
def test_a_unit_may_do_this(cycles):
    assert broken(ExchangeChecker(), cycles) == [[]] * len(cycles)


@pytest.mark.parametrize("name, cycles", BAD_EXCHANGES.items(), ids=BAD_EXCHANGES)
def test_a_unit_may_not_do_this(name, cycles):
    assert broken(ExchangeChecker(), cycles) == [[]] * (len(cycles) - 1) + [[name]]


@pytest.mark.parametrize("rules, sequences", [
    (WISHBONE_RULES, BAD), (STREAM_RULES, BAD_STREAMS), (EXCHANGE_RULES, BAD_EXCHANGES),
], ids=["wishbone", "stream", "exchange"])
def test_there_is_a_sequence_that_breaks_each_rule(rules, sequences):
    assert [rule.name for rule in rules] == list(sequences)
    assert all(rule.source for rule in rules)
