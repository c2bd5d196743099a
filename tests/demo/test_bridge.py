"""Operations of requests: what each does on the unit's ports, and in which cycles."""

import random

import pytest

from hw.bus import ControlOp, Register
from hw.demo.protocol import ResponseKind
from hw.layout import AccessKind
from hw.presets import PRESETS

from .demo_bench import PRESS, played, played_plain
from .demo_support import CONNECT, CONTINUE, COUNTERS, CYCLE, access, control, mark, settled


pytestmark = pytest.mark.slow


READ, WRITE, FETCH = AccessKind.READ, AccessKind.WRITE, AccessKind.FETCH
EXCHANGE, COMPARE  = AccessKind.EXCHANGE, AccessKind.COMPARE_EXCHANGE
GET, SET, INVLPG   = ControlOp.READ, ControlOp.WRITE, ControlOp.INVLPG

TINY, DEFAULT = PRESETS["tiny"], PRESETS["default"]

GREETING, ROWS = ResponseKind.GREETING, ResponseKind.ROWS
NONSENSE, COUNTED = ResponseKind.NONSENSE, ResponseKind.COUNTERS

P, RW, US = 1, 2, 4

#: CR0.WP and, with it, what is on after reset.
CR0, WP = 0x6000_0010, 0x1_0000
PAGING  = 0x8000_0001


def tables_32():
    """Pages 0 to 7 where they are, but 5 read-only, 6 the supervisor's, and 7 missing."""
    flags = [P | RW | US] * 5 + [P | US, P | RW, 0]
    return (access(WRITE, 0x1000, 0x2000 | P | RW | US, size=4)
            + access(WRITE, 0x2000, *(n << 12 | flags[n] for n in range(8)), size=4)
            + control(SET, Register.CR3, 0x1000) + control(SET, Register.CR0, CR0 | PAGING))


def tables_4level():
    """The same in four levels."""
    flags = [P | RW | US] * 5 + [P | US, P | RW, 0]
    return (b"".join(access(WRITE, 0x1000 * n, 0x1000 * (n + 1) | P | RW | US) for n in (1, 2, 3))
            + access(WRITE, 0x4000, *(n << 12 | flags[n] for n in range(8)))
            + control(SET, Register.CR4, 0x20) + control(SET, Register.CR3, 0x1000)
            + control(SET, Register.EFER, 0x100) + control(SET, Register.CR0, CR0 | PAGING))


SETUPS = {"tiny": tables_32(), "default": tables_4level()}

EACH_PRESET = pytest.mark.parametrize("preset", SETUPS)


def responses(run, *, first=0):
    """(fault, error code, data) of the accesses that completed in ``run``, from some number on."""
    found = [said["response"] for _, said in settled(run.rows) if "response" in said]
    return [(how & 7, how >> 3 if how & 7 == 1 else 0, data) for how, _, data in found[first:]]


def controlled(run):
    """(fault, value) of the control operations that completed."""
    return [said["controlled"] for _, said in run.rows if "controlled" in said]


def accepted(run, what="request"):
    """Cycles in which accesses, or control operations, were accepted."""
    return [cycle for cycle, said in run.rows if what in said]


# Each operation

def test_it_greets_after_a_reset_and_does_nothing_else():
    run = played(TINY)
    assert run.kinds == [GREETING] and run.rows == [] and run.watch.cycle == 0


def test_an_empty_request_takes_no_cycle():
    run = played(TINY, b"")
    assert run.kinds == [GREETING, ROWS] and run.rows == [] and run.watch.cycle == 0


def test_a_mark_takes_no_cycle_and_the_next_one_shows_it():
    run = played(TINY, mark(0x1234), CYCLE, CYCLE + mark(7) + mark(0xFFFF), CYCLE)
    assert run.watch.cycle == 3
    assert [(cycle, said["mark"]) for cycle, said in run.rows] == [(0, (0x1234,)), (2, (0xFFFF,))]


def test_a_cycle_has_nothing_on_the_ports():
    run = played(TINY, CYCLE * 5)
    assert run.watch.cycle == 5
    assert [(cycle, set(said)) for cycle, said in run.rows] == [(0, {"mark", "state"})]


def test_control_operations():
    run = played(
        TINY, control(GET, Register.CR0), control(SET, Register.CR0, CR0 | WP),
        control(GET, Register.CR0) + control(SET, Register.CR2, 0xDEAD_BEEF),
        control(GET, Register.CR2) + control(INVLPG, value=0x1234_5000),
        control(SET, Register.CR4, 1 << 13), control(GET, Register.FEATURES))
    assert controlled(run)[:3] == [(0, CR0), (0, CR0), (0, CR0 | WP)]
    assert controlled(run)[4] == (0, 0xDEAD_BEEF)
    assert [fault for fault, _ in controlled(run)] == [0] * 6 + [1, 0]
    # Two cycles each; what INVLPG makes the TLB forget takes two more.
    assert accepted(run, "control") == [0, 2, 4, 6, 8, 10, 14, 16]
    assert [said["control"] for _, said in run.rows if "control" in said][4:7] == [
        (0x20, 0), (2, 0x1234_5000), (0x41, 1 << 13)]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_accesses_of_each_size_and_kind(size):
    mask = (1 << 8 * size) - 1
    data = 0x8877_6655_4433_2211 & mask
    run  = played(
        TINY, access(WRITE, 0x100, data, size=size), access(READ, 0x100, size=size),
        access(FETCH, 0x100, size=size), access(EXCHANGE, 0x100, 0x5A, size=size),
        access(COMPARE, 0x100, (0x77, 0x5A), size=size),
        access(COMPARE, 0x100, (0x66, 0x5A), size=size), access(READ, 0x100, size=size))
    assert responses(run) == [(0, 0, found) for found in (0, data, data, data, 0x5A, 0x77, 0x77)]


def test_flags_of_an_access_are_those_on_the_port():
    run = played(TINY, access(READ, 0x10, user=1) + access(READ, 0x18, implicit=1, size=2)
                 + access(WRITE, 0x20, 0xAB, chained=1, size=4))
    assert [said["request"] for _, said in run.rows if "request" in said] == [
        (3 | 1 << 5, 0x10), (1 | 1 << 6, 0x18), (2 | 1 << 2 | 1 << 7, 0x20)]
    assert [said["datum"] for _, said in run.rows if "datum" in said] == [(0xAB, 0)]


def test_data_of_an_earlier_access_are_gone():
    run = played(TINY, access(COMPARE, 0x10, (-1 & 2**64 - 1, -1 & 2**64 - 1))
                 + access(WRITE, 0x10, 1, size=1) + access(EXCHANGE, 0x10, 2, size=2))
    assert [said["datum"] for _, said in run.rows if "datum" in said][1:] == [(1, 0), (2, 0)]


# Several accesses

def test_accesses_several_times_go_upwards_chained():
    run = played(TINY, access(WRITE, 0x204, 1, 2, 3, size=4) + access(READ, 0x200, count=3))
    assert [said["request"] for _, said in run.rows if "request" in said] == [
        (2 | 1 << 2, 0x204), (2 | 1 << 2 | 1 << 7, 0x208), (2 | 1 << 2 | 1 << 7, 0x20C),
        (3, 0x200), (3 | 1 << 7, 0x208), (3 | 1 << 7, 0x210)]
    assert responses(run, first=3) == [(0, 0, 1 << 32), (0, 0, 3 << 32 | 2), (0, 0, 0)]


def test_several_exchanges_have_data_each():
    run = played(TINY, access(EXCHANGE, 0x40, 1, 2, size=8),
                 access(COMPARE, 0x40, (0x11, 1), (0x22, 3)), access(READ, 0x40, count=2))
    assert responses(run) == [(0, 0, data) for data in (0, 0, 1, 2, 0x11, 2)]


def test_255_accesses():
    run = played(TINY, access(WRITE, 0x1001, *range(255), size=1), access(READ, 0x1000, count=32))
    contents = b"".join(data.to_bytes(8, "little") for _, _, data in responses(run, first=255))
    assert contents == bytes([0, *range(255)])


def test_0_times_is_256_times():
    run = played(TINY, bytes([7, 0, 0]) + (0x10).to_bytes(8, "big"))
    assert [said["request"][1] for _, said in run.rows if "request" in said] == list(
        range(0x10, 0x110))


def test_accesses_in_a_request_are_back_to_back():
    run = played(DEFAULT, access(READ, 0, count=20) + access(WRITE, 0x80, *range(20)))
    assert accepted(run) == list(range(40))
    assert responses(run, first=1)[15] == (0, 0, 0)


def test_accesses_in_different_requests_wait_for_each_other():
    run = played(DEFAULT, access(READ, 0), access(READ, 8), access(READ, 16))
    assert accepted(run) == [0, 3, 6]


def test_another_kind_of_operation_waits_for_all_accesses():
    run = played(DEFAULT, access(READ, 0, count=2) + mark(3) + access(READ, 0) + CYCLE
                 + access(READ, 0) + control(GET, Register.CR0) + access(READ, 0))
    # Completed in cycles 2 and 3; 6; cycle 7 is idle; 10; 11 and 12.
    assert accepted(run) == [0, 1, 4, 8, 13]
    assert accepted(run, "control") == [11]
    assert [cycle for cycle, said in run.rows if "mark" in said] == [0, 4]


def test_a_fault_in_a_string_skips_the_rest_of_it():
    setup = tables_32()
    run   = played(TINY, setup, access(WRITE, 0x4FF0, 1, 2, 3, 4, 5, user=1)
                   + access(READ, 0x4FF0, user=1) + access(READ, 0x10, chained=1))
    assert [fault for fault, _, _ in responses(run, first=9)] == [0, 0, 1, 3, 3, 0, 0]
    assert responses(run, first=9)[2] == (1, 7, 0)


# Same cycles as the unit alone

@EACH_PRESET
def test_it_takes_the_same_cycles_as_the_unit_alone(preset):
    chance   = random.Random(preset)
    requests = [SETUPS[preset]]
    for _ in range(45):
        requests.append(b"".join(_anything(chance) for _ in range(chance.choice((1, 1, 2, 5)))))
    config = PRESETS[preset]
    run    = played(config, *requests)
    assert len(run.rows) > 500
    assert run.kinds == [GREETING] + [ROWS] * len(requests)
    assert settled(run.rows) == settled(played_plain(config, *requests))


def _anything(chance):
    """Some operation."""
    linear = chance.choice((0x0, 0x4FF8, 0x5FF0, 0x6000, 0x7000)) + chance.randrange(32)
    size   = chance.choice((1, 2, 4, 8))
    flags  = {"user": chance.randrange(2), "size": size, "implicit": chance.random() < .1,
              "chained": chance.random() < .2}
    count  = chance.choice((1, 1, 2, 5))
    data   = [chance.getrandbits(8 * size) for _ in range(count)]
    return chance.choice((
        access(chance.choice((READ, FETCH)), linear, count=count, **flags),
        access(READ, linear, count=count, **flags),
        access(WRITE, linear, *data, **flags),
        access(EXCHANGE, linear, *data, **flags),
        access(COMPARE, linear, *((datum, chance.choice((0, datum))) for datum in data), **flags),
        CYCLE * chance.randrange(1, 4),
        mark(chance.randrange(1 << 16)),
        control(GET, chance.choice(list(Register))),
        control(SET, Register.CR0, CR0 | PAGING | chance.choice((0, WP))),
        control(SET, Register.CR4, 0xDEAD << 13),
        control(INVLPG, value=linear),
        control(SET, Register.CR3, 0x1000),
    ))


@EACH_PRESET
@pytest.mark.parametrize("gap, pause", [(3, 0), (0, 5), (9, 7)])
def test_a_slow_line_takes_the_same_cycles(preset, gap, pause):
    requests = (SETUPS[preset], access(WRITE, 0x4FFC, *range(6), user=1)
                + access(READ, 0x10, count=3) + CYCLE + access(EXCHANGE, 0x6004, 5),
                control(GET, Register.CR2))
    config = PRESETS[preset]
    assert played(config, *requests, gap=gap, pause=pause).rows == played(config, *requests).rows


# Nonsense

@pytest.mark.parametrize("opcode", [0, 1, 2, 8, 0x7F, 0xFF])
def test_what_is_no_operation_ends_the_request(opcode):
    run = played(TINY, access(READ, 0) + bytes([opcode]) + access(READ, 8), CYCLE)
    assert run.kinds == [GREETING, NONSENSE, ROWS]
    assert accepted(run) == [0] and len(responses(run)) == 1
    assert run.watch.cycle == 4


@pytest.mark.parametrize("operation", [
    mark(0x1234), control(SET, Register.CR0, CR0 | WP), access(READ, 8), access(WRITE, 8, 1),
    access(WRITE, 8, 1, size=1), access(COMPARE, 8, (1, 0)), access(COMPARE, 8, (1, 0), size=2),
], ids=["mark", "control", "read", "write", "write a byte", "compare", "compare two bytes"])
def test_an_operation_that_is_cut_short_is_not_done(operation):
    for end in range(1, len(operation)):
        run = played(TINY, access(READ, 0) + operation[:end], CYCLE, control(GET, Register.CR0))
        assert run.kinds == [GREETING, NONSENSE, ROWS, ROWS]
        assert accepted(run) == [0] and controlled(run) == [(0, CR0)]
        assert [said["mark"] for _, said in run.rows if "mark" in said] == [(0,)]


def test_a_string_that_is_cut_short_is_done_as_far_as_it_goes():
    run = played(TINY, access(WRITE, 0, 1, 2, 3)[:-5], access(READ, 0, count=3))
    assert run.kinds == [GREETING, NONSENSE, ROWS]
    assert [data for _, _, data in responses(run)] == [0, 0, 1, 2, 0]


@pytest.mark.parametrize("request_", [CONNECT, CONTINUE], ids=["CONNECT", "CONTINUE"])
def test_what_the_link_does_is_no_operation(request_):
    assert played(TINY, CYCLE + request_).kinds == [GREETING, NONSENSE]


def test_counters_are_reported_without_a_cycle():
    run = played(TINY, COUNTERS, CYCLE, COUNTERS)
    assert run.kinds == [GREETING, COUNTED, ROWS, COUNTED] and run.watch.cycle == 1


def test_counters_must_come_first():
    run = played(TINY, CYCLE + COUNTERS, CYCLE)
    assert run.kinds == [GREETING, NONSENSE, ROWS] and run.watch.cycle == 2


# The button

def test_the_button_inverts_wp_before_the_next_operation():
    for operation in (access(READ, 0), control(GET, Register.CR0)):
        run = played(TINY, PRESS, operation, control(GET, Register.CR0), PRESS, operation,
                     control(GET, Register.CR0))
        writes = [said["control"] for _, said in run.rows
                  if "control" in said and said["control"][0] & 3 == SET.value]
        assert writes == [(1, CR0 | WP), (1, CR0)]
        assert [value for _, value in controlled(run)][-1] == CR0
        assert accepted(run, "control")[0] == 0


def test_the_button_does_nothing_by_itself():
    run = played(TINY, PRESS, PRESS, b"", CYCLE, mark(1) + CYCLE)
    assert run.watch.cycle == 2 and accepted(run, "control") == []


def test_pressed_twice_before_it_is_seen_it_counts_once():
    run = played(TINY, PRESS, PRESS, access(READ, 0), access(READ, 0))
    assert len(accepted(run, "control")) == 1


def test_the_button_comes_after_marks_and_cycles():
    run = played(TINY, PRESS, mark(9) + CYCLE + access(READ, 0))
    assert accepted(run, "control") == [1] and accepted(run) == [3]


def test_the_button_waits_for_accesses_in_a_row():
    # Pressed while the machine does the first of several: between them it does not come.
    accesses = access(READ, 0, count=2) + access(READ, 0x10) + access(WRITE, 0x18, 5)
    for byte in range(1, len(accesses)):
        run = played(DEFAULT, accesses + control(GET, Register.CR0), press_after=byte)
        assert accepted(run) == [0, 1, 2, 3]
        assert [said["control"] for _, said in run.rows if "control" in said] == [
            (1, CR0 | WP), (0, 0)]


def test_the_button_changes_what_the_machine_does():
    supervisor = access(WRITE, 0x5000, 1)
    run = played(TINY, tables_32(), supervisor, PRESS, supervisor, PRESS, supervisor)
    assert [fault for fault, _, _ in responses(run, first=9)] == [0, 1, 0]
