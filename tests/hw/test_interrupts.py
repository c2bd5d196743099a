# amaranth: UnusedElaboratable=no
"""Interrupts between processors: each sentence of the contract."""

import pytest
from amaranth import *
from amaranth.back import rtlil
from hw_support import simulate

from hw.interrupts import Interrupts


COUNT = 3

#: A processor in one cycle: the (target, vector) that it sends, and the vector that it accepts.
QUIET = (None, None)


def pending(*cycles, count=COUNT):
    """Play ``cycles``, each a {processor: (sent, accepted)}; return what is pending in each.

    And after the last. What is pending is a list of vectors, low bits, for each processor.
    """
    dut   = Interrupts(processors=count)
    found = []

    async def testbench(ctx):
        for cycle in (*cycles, {}):
            for number, port in enumerate(dut.processors):
                sent, accepted = cycle.get(number, QUIET)
                target, vector = sent or (0, 0)
                ctx.set(port.send.valid, sent is not None)
                ctx.set(port.send.payload, {"target": target, "vector": vector})
                ctx.set(port.take, accepted is not None)
                ctx.set(port.vector, accepted or 0)
            _, _, *masks = await ctx.tick().sample(*(port.pending for port in dut.processors))
            found.append([[bit for bit in range(16) if mask >> bit & 1] for mask in masks])

    simulate(dut, testbench)
    return found


def send(target, vector):
    return ((target, vector), None)


def take(vector):
    return (None, vector)


NOTHING = [[], [], []]


@pytest.mark.parametrize("processors", [0, -1, "two"])
def test_impossible_sizes_are_refused(processors):
    with pytest.raises(ValueError, match=f"processors must be 1 or more, not {processors!r}"):
        Interrupts(processors=processors)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_it_can_be_converted(count):
    dut   = Interrupts(processors=count)
    ports = [Value.cast(port) for *_, port in dut.signature.flatten(dut)]
    text  = rtlil.convert(dut, ports=[port for port in ports if isinstance(port, Signal)])
    assert "module \\top" in text


@pytest.mark.parametrize("vector", range(16))
@pytest.mark.parametrize("target", range(COUNT))
@pytest.mark.parametrize("sender", range(COUNT))
def test_what_is_sent_waits_from_the_next_cycle_on(sender, target, vector):
    # To oneself too.
    there = [[vector] if number == target else [] for number in range(COUNT)]
    assert pending({sender: send(target, vector)}, {}, {}) == [NOTHING, there, there, there]


def test_what_is_taken_waits_no_more():
    assert pending(
        {0: send(1, 3)}, {0: send(1, 15)}, {1: take(3)}, {1: take(15)},
    ) == [NOTHING, [[], [3], []], [[], [3, 15], []], [[], [15], []], NOTHING]


def test_each_processor_takes_its_own():
    assert pending(
        {0: send(0, 5), 1: send(1, 5), 2: send(2, 5)}, {1: take(5)},
    ) == [NOTHING, [[5], [5], [5]], [[5], [], [5]]]


def test_taking_what_does_not_wait_changes_nothing():
    assert pending({0: send(1, 3)}, {1: take(4)}, {2: take(3)}) == [
        NOTHING, [[], [3], []], [[], [3], []], [[], [3], []]]


@pytest.mark.parametrize("sender", range(COUNT))
def test_what_is_sent_in_the_cycle_in_which_it_is_taken_waits_again(sender):
    again = {1: take(9)} | {sender: send(1, 9) if sender != 1 else ((1, 9), 9)}
    there = [[], [9], []]
    assert pending({0: send(1, 9)}, again, {1: take(9)}) == [NOTHING, there, there, NOTHING]


def test_two_senders_of_one_vector_cause_one_interrupt():
    assert pending({0: send(1, 2), 2: send(1, 2)}, {1: take(2)}) == [
        NOTHING, [[], [2], []], NOTHING]


def test_a_vector_that_is_sent_again_while_it_waits_causes_one_interrupt():
    assert pending({0: send(1, 2)}, {0: send(1, 2)}, {1: take(2)}) == [
        NOTHING, [[], [2], []], [[], [2], []], NOTHING]


def test_all_processors_may_send_in_one_cycle():
    assert pending({0: send(1, 2), 1: send(1, 7), 2: send(0, 2)}) == [NOTHING, [[2], [2, 7], []]]


@pytest.mark.parametrize("vector", [0, 15])
def test_what_is_sent_to_nobody_changes_nothing(vector):
    assert pending({0: send(2, 1)}, {0: send(3, vector)}, {}) == [
        NOTHING, [[], [], [1]], [[], [], [1]], [[], [], [1]]]
