# amaranth: UnusedElaboratable=no
"""Several initiators and one memory: the arbiter alone, cycle by cycle."""

import functools
from random import Random

import pytest
from amaranth.back import rtlil
from arbiter_support import (
    IDLE, RULES, DeafArbiter, Drive, directly, increments, played, random_traffic, through,
)
from hw_support import simulate

from hw.arbiter import Arbiter
from sim.memory import PhysicalMemory


READ  = Drive(cyc=1, stb=1, adr=7)
WAIT  = Drive(cyc=1)
LOCK  = Drive(cyc=1, stb=1, adr=7, lock=1)
KEEP  = Drive(cyc=1, lock=1)
NEVER = ()

COUNTS = pytest.mark.parametrize("count", [2, 3, 4])


def arbiter_for(count, **parameters):
    return Arbiter(initiators=count, maxphyaddr=40, **parameters)


def response_of(cycle, number):
    """Response to an initiator in this cycle: a strobe, and the data."""
    seen = cycle.seen[number]
    return seen.ack, seen.ack and seen.dat_r


def owners(log):
    """Owners of the transfers that were accepted, in order."""
    return [number for cycle in log for number in cycle.accepted]


def played_on(arbiter, *scripts, **surroundings):
    """Play a list of cycles for each initiator, and some idle ones; return whose was accepted when.

    A letter a cycle: the number of the initiator, or "-".
    """
    idle = [IDLE] * 8
    log  = through(arbiter, [played([*script, *idle]) for script in scripts], **surroundings)
    return "".join(str(*cycle.accepted) or "-" for cycle in log).rstrip("-")


class PartialMemory(PhysicalMemory):
    """Memory in which every odd word ends in a bus error."""

    def answers(self, word, write):
        """Tell whether a transfer is answered."""
        return word % 2 == 0


@pytest.mark.slow
@COUNTS
@pytest.mark.parametrize("latency", [1, 3])
def test_an_error_goes_to_whose_transfer_failed(count, latency):
    log = through(arbiter_for(count),
                  [random_traffic(Random(number), 40) for number in range(count)],
                  memory=PartialMemory(latency=latency, stall=(False, False, True)))
    outstanding = [[] for _ in range(count)]
    errors      = 0
    for cycle in log:
        assert len(cycle.completed) <= 1
        for number in cycle.completed:
            seen = cycle.seen[number]
            assert (seen.err, seen.ack) == ((1, 0) if outstanding[number].pop(0) % 2 else (0, 1))
            errors += seen.err
        for number in cycle.accepted:
            outstanding[number].append(cycle.driven[number].adr)
    assert errors > 10 and not any(outstanding)


# Construction.

@pytest.mark.parametrize("arguments, complaint", [
    ({"initiators": 0},                    "initiators must be 1 or more, not 0"),
    ({"initiators": 2, "outstanding": 0},  "outstanding must be 1 or more, not 0"),
    ({"initiators": "two"},                "initiators must be 1 or more, not 'two'"),
])
def test_impossible_sizes_are_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        Arbiter(maxphyaddr=40, **arguments)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_it_can_be_converted(count):
    assert "module \\top" in rtlil.convert(arbiter_for(count))


# Nothing is added to the time that a transfer takes.

@pytest.mark.slow
@pytest.mark.parametrize("stall", [NEVER, (1, 0), (1, 1, 0, 0, 1, 0, 0, 0)])
@pytest.mark.parametrize("latency", [1, 2, 5])
@pytest.mark.parametrize("number, count", [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4)])
def test_one_initiator_alone_has_the_cycles_of_a_direct_connection(number, count, latency, stall):
    memory  = functools.partial(PhysicalMemory, latency=latency, stall=stall)
    scripts = [played([]) for _ in range(count)]
    scripts[number] = random_traffic(Random(latency), 40)
    routed  = through(arbiter_for(count), scripts, memory=memory())
    direct  = directly(random_traffic(Random(latency), 40), memory=memory())
    assert [(cycle.driven[number], *response_of(cycle, number)) for cycle in routed] == [
        (cycle.driven[0], *response_of(cycle, 0)) for cycle in direct]
    assert not any(response_of(cycle, other)[0] for cycle in routed for other in range(count)
                   if other != number)


# Dispatcher.

@pytest.mark.parametrize("stall", [NEVER, (1, 0), (0, 0, 1, 1, 1)])
@pytest.mark.parametrize("latency", [1, 3])
@pytest.mark.parametrize("requesting", [[0], [1, 2], [0, 3], [0, 1, 2], [0, 1, 2, 3]])
def test_those_who_request_all_the_time_take_turns(requesting, latency, stall):
    scripts = [[READ] * 40 if number in requesting else [] for number in range(4)]
    log     = through(arbiter_for(4), [played(script) for script in scripts],
                      memory=PhysicalMemory(latency=latency, stall=stall))
    turns   = owners(log)
    assert len(turns) == sum(not cycle.stall for cycle in log) >= 16
    for start in range(len(turns) - len(requesting)):
        assert sorted(turns[start:start + len(requesting)]) == requesting


def test_the_last_owner_is_the_last_in_turn():
    others = [IDLE] + [READ] * 5
    assert played_on(arbiter_for(3), [READ] * 6, others, others) == "012012"


def test_the_owner_is_the_last_one_while_nobody_requests():
    log = through(arbiter_for(3), [
        played([IDLE] * 6), played([IDLE] * 4 + [READ, WAIT]), played([IDLE, READ, WAIT]),
    ])
    assert [cycle.owner for cycle in log] == [0, 2, 2, 2, 1, 1]


# A transfer that the target stalls.

@pytest.mark.parametrize("hold", [0b00, 0b01])
def test_a_stalled_transfer_is_not_overtaken(hold):
    # Initiator 1 would be next: it comes while initiator 0 is stalled, and 0 was the last owner.
    memory = PhysicalMemory(stall=(0, 1, 1, 1) + (0,) * 20)
    accepted = played_on(arbiter_for(2), [READ] * 5, [IDLE, IDLE] + [READ] * 4, memory=memory,
                         hold=lambda cycle: hold if cycle >= 2 else 0)
    assert accepted == "0---01"


# Locked bus cycles.

@pytest.mark.parametrize("end", [WAIT, IDLE, READ, Drive(lock=1)],
                         ids=["lock", "both", "lock-requesting", "cyc"])
def test_others_wait_for_the_end_of_a_locked_bus_cycle_and_no_longer(end):
    script = [LOCK, KEEP, KEEP, LOCK, KEEP, KEEP, end]
    others = [IDLE] + [READ] * 6
    assert played_on(arbiter_for(3), script, others, [*others, READ]) == "0--0--12"


def test_a_completed_lock_holds_others_off_while_its_owner_requests_nothing():
    assert played_on(arbiter_for(2), [LOCK] + [KEEP] * 9, [IDLE] + [READ] * 10) == "0---------1"


def test_a_locked_bus_cycle_begins_with_its_first_transfer():
    assert played_on(arbiter_for(2), [KEEP] * 3 + [LOCK] * 3, [READ] * 7) == "1110001"


def test_a_stalled_transfer_has_not_begun_a_locked_bus_cycle():
    # It gives up its request, but not its bus cycle.
    memory = PhysicalMemory(stall=(1, 1) + (0,) * 20)
    accepted = played_on(arbiter_for(2), [LOCK] * 2 + [KEEP] * 3, [IDLE] + [READ] * 4,
                         memory=memory)
    assert accepted == "---11"


@pytest.mark.slow
@COUNTS
def test_locked_increments_of_one_word_are_all_counted(count):
    memory = PhysicalMemory(latency=2, stall=(0, 1, 0))
    through(arbiter_for(count), [increments(5, 10) for _ in range(count)], memory=memory)
    assert memory.read(40, 8) == 10 * count


def test_without_locks_increments_are_lost():
    memory = PhysicalMemory(latency=2, stall=(0, 1, 0))
    through(DeafArbiter(initiators=2, maxphyaddr=40), [increments(5, 10) for _ in range(2)],
            memory=memory)
    assert memory.read(40, 8) < 20


# Initiators that must wait, or request nothing.

def test_outside_a_bus_cycle_nothing_is_asked_for():
    log = through(arbiter_for(2), [played([Drive(stb=1)] * 3), played([IDLE, READ])])
    assert [(cycle.target.cyc, cycle.target.stb) for cycle in log] == [(0, 0), (1, 1), (1, 0)]


def test_a_held_initiator_waits_and_others_go_on():
    assert played_on(arbiter_for(3), [READ] * 9, [READ] * 9, [READ] * 9,
                     hold=lambda cycle: 0b010 if 3 <= cycle < 6 else 0) == "120202012"


def test_nobody_s_transfer_is_taken_while_all_are_held():
    assert played_on(arbiter_for(2), [READ] * 6, [READ] * 6,
                     hold=lambda cycle: 0b11 if cycle < 4 else 0) == "----10"


def test_a_held_initiator_ends_its_locked_bus_cycle():
    script = [LOCK, KEEP, LOCK, KEEP, IDLE, READ]
    assert played_on(arbiter_for(2), script, [IDLE] + [READ] * 6,
                     hold=lambda cycle: 0b01 if 1 <= cycle < 7 else 0) == "0-0-111"


def test_a_held_initiator_is_answered():
    log = through(arbiter_for(2), [played([READ, *[WAIT] * 5]), played([])],
                  memory=PhysicalMemory(latency=4), hold=lambda cycle: 0b01 * (cycle > 0))
    assert [cycle.completed for cycle in log] == [[], [], [], [], [0], []]


# Outstanding transfers.

@pytest.mark.slow
@pytest.mark.parametrize("outstanding", [1, 2, 3, 16])
def test_no_more_transfers_are_accepted_than_may_be_outstanding(outstanding):
    accepted = played_on(arbiter_for(2, outstanding=outstanding), [READ] * 30, [READ] * 30,
                         memory=PhysicalMemory(latency=20))
    turns = "10" * 15
    assert accepted[:21] == turns[:outstanding] + "-" * (21 - outstanding)
    # The response in cycle 20 has made space, and it is the next one's turn.
    assert accepted[21] == turns[outstanding]


def test_a_response_to_nobody_is_given_to_nobody():
    dut = arbiter_for(2)

    async def testbench(ctx):
        ctx.set(dut.target.ack, 1)
        for _ in range(3):
            *_, first, second = await ctx.tick().sample(*(port.ack for port in dut.initiators))
            assert (first, second) == (0, 0)

    simulate(dut, testbench)


# Everything at once.

@functools.cache
def random_run(count, seed):
    """A run of ``count`` initiators, two of which count in one word, and what memory then holds."""
    random  = Random(f"{count} {seed}")
    memory  = PhysicalMemory(latency=random.randint(1, 5),
                             stall=[random.random() < 0.3 for _ in range(50)] + [False])
    holds   = [random.getrandbits(count) * (random.random() < 0.2) for _ in range(400)]
    counter = functools.partial(increments, 100, 15, lambda: random.randrange(4))
    log     = through(
        arbiter_for(count, outstanding=random.choice([1, 2, 4, 16])),
        [counter(), counter(), *(random_traffic(random, 60) for _ in range(count - 2))],
        memory=memory, hold=lambda cycle: holds[cycle % len(holds)])
    return log, memory.read(800, 8)


SEEDS = pytest.mark.parametrize("seed", range(6))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@SEEDS
@COUNTS
def test_random_traffic_obeys(count, seed, rule):
    rule(random_run(count, seed)[0])


@pytest.mark.slow
@SEEDS
@COUNTS
def test_random_traffic_loses_no_locked_increment(count, seed):
    assert random_run(count, seed)[1] == 30
