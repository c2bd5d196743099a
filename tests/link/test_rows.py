"""Rows of the trace, read as docs/serial-link.md says."""

from random import Random
from types import SimpleNamespace

import pytest
from amaranth import Signal
from hw_support import simulate

from hw.bus import (
    AccessRequest, AccessResponse, AccessSignature, ControlOp, ControlRequest, ControlResponse,
    ControlSignature, ControlState, Events, TlbUpdate,
)
from hw.demo.rows import RowWriter
from hw.interrupts import InterruptSignature
from hw.layout import AccessKind
from hw.wishbone import WishboneSignature
from sim.engines.serial.link.numbers import Numbers
from sim.engines.serial.link.rows import RowReader
from sim.errors import MachineLost
from sim.record.signals import MARK_WIDTH, Fields, outputs
from stream_support import get


MARKS = [(0, 0), (3, 4)]

#: Signals that a board with one processor does not report; its marks are numbers of its own.
UNSAID = {"tlb", "send_valid", "send_target", "send_vector", "pending", "take", "vector",
          "kernel_stack", "claim"}


def leb128(*numbers):
    data = bytearray()
    for number in numbers:
        while number > 0x7F:
            data.append(number & 0x7F | 0x80)
            number >>= 7
        data.append(number)
    return bytes(data)


def rows(*numbers):
    return list(RowReader(MARKS).rows(leb128(*numbers)))


def changed(sample):
    return {name: value for name, value in sample._asdict().items() if value}


@pytest.mark.parametrize("number, data", [
    (0, "00"), (127, "7f"), (128, "8001"), (624485, "e58e26"), ((1 << 64) - 1, "ff" * 9 + "01"),
])
def test_numbers(number, data):
    numbers = Numbers()
    numbers.feed(bytes.fromhex(data))
    assert numbers.next() == number and not numbers
    assert leb128(number) == bytes.fromhex(data)


def test_a_number_that_has_not_all_come():
    numbers = Numbers()
    numbers.feed(b"\x05\x80")
    assert numbers.next() == 5
    numbers.accept()
    with pytest.raises(EOFError):
        numbers.next()
    numbers.go_back()
    numbers.feed(b"\x01")
    assert numbers.next() == 128


@pytest.mark.parametrize("mask, numbers, signals", [
    (1 << 0,  [1],        {"kernel_stack": 3, "claim": 4}),
    (1 << 1,  [1, 2, 3, 4, 5, 1, 7, 8, 9, 10, 11, 12], {"state": Fields(ControlState).pack(
        {"cr0": 1, "cr2": 2, "cr3": 3, "cr4": 4, "efer": 5, "ac": 1, "pkru": 7, "pkrs": 8,
         "pdpte0": 9, "pdpte1": 10, "pdpte2": 11, "pdpte3": 12})}),
    (1 << 2,  [0x21],     {"events": 0x21}),
    (1 << 3,  [0xABCD],   {"cyc": 1, "ack": 1, "dat_r": 0xABCD}),
    (1 << 4,  [0x200, 0b11110000_1_0], {"cyc": 1, "stb": 1, "adr": 0x200, "lock": 1, "sel": 0xF0}),
    (3 << 4,  [0x200, 0b11111111_0_1, 7], {"cyc": 1, "stb": 1, "adr": 0x200, "we": 1, "sel": 0xFF,
                                           "dat_w": 7}),
    (1 << 6,  [0b00111_100, 0x1000, 0], {"response_valid": 1, "response": Fields(
        AccessResponse).pack({"fault": 4, "error": 7, "physical": 0x1000})}),
    (1 << 7,  [0b1010_0011, 0x1008], {"request_valid": 1, "request_ready": 1, "request": Fields(
        AccessRequest).pack({"size": 3, "user": 1, "chained": 1, "linear": 0x1008})}),
    (3 << 7,  [0b0001_0000, 0x1008, 8, 9], {"request_valid": 1, "request_ready": 1,
        "request": Fields(AccessRequest).pack({"kind": 4, "linear": 0x1008, "data": 8,
                                               "compare": 9})}),
    (1 << 9,  [1, 0x1000], {"controlled_valid": 1, "controlled": Fields(ControlResponse).pack(
        {"fault": 1, "value": 0x1000})}),
    (1 << 10, [0x31, 0x1000], {"control_valid": 1, "control_ready": 1, "control": Fields(
        ControlRequest).pack({"op": 1, "register": 3, "value": 0x1000})}),
    (1 << 10, [0x03, 1, 0x123, 0x7000], {"control_valid": 1, "control_ready": 1, "control": Fields(
        ControlRequest).pack({"op": 3, "value": 1, "pcid": 0x123, "linear": 0x7000})}),
    (1 << 11, [],         {"cyc": 1, "err": 1}),
])
def test_what_each_bit_of_the_mask_means(mask, numbers, signals):
    [(cycle, sample)] = rows(1, mask, *numbers)
    assert cycle == 0
    assert changed(sample) == signals


def test_cycles_add_up_and_empty_rows_pass_time():
    assert [cycle for cycle, _ in rows(1, 0, 5, 0, 65535, 0, 1, 4, 1)] == [0, 5, 65540, 65541]


def test_marks_and_registers_last_and_the_rest_does_not():
    [_, (_, sample)] = rows(1, 0b111, 1, *range(12), 8, 1, 0)
    assert sample.kernel_stack == 3 and sample.state != 0 and sample.events == 0


def test_a_row_may_be_cut_anywhere():
    data  = leb128(1, 0b111, 1, 0x80050033, *range(11), 8, 300, 1 << 3, (1 << 64) - 1)
    whole   = list(RowReader(MARKS).rows(data))
    assert len(whole) == 2
    for cut in range(len(data) + 1):
        reader = RowReader(MARKS)
        assert [*reader.rows(data[:cut]), *reader.rows(data[cut:])] == whole


def test_a_mark_that_nobody_has_set_is_no_traceback():
    with pytest.raises(MachineLost, match="mark 2, which nobody has set"):
        rows(1, 1, 2)


def test_a_row_that_is_not_all_there_is_known():
    reader = RowReader(MARKS)
    list(reader.rows(leb128(1, 1 << 2)))
    assert not reader.complete
    list(reader.rows(leb128(1)))
    assert reader.complete


def test_a_row_of_an_unknown_kind_is_no_traceback():
    with pytest.raises(MachineLost, match="a row of kind 0x1000, which there is not"):
        list(RowReader(MARKS).rows(leb128(1, 1 << 12)))


@pytest.mark.parametrize("seed", range(5))
def test_the_rows_of_the_board_are_of_the_signals_that_are_sampled(seed):
    unit = SimpleNamespace(
        access=AccessSignature().create(), control=ControlSignature().create(),
        events=Signal(Events), tlb=Signal(TlbUpdate),
        memory=WishboneSignature(maxphyaddr=52).create())
    port = SimpleNamespace(
        unit=unit, interrupts=InterruptSignature(processors=1).create(),
        kernel_stack=Signal(MARK_WIDTH), claim=Signal(MARK_WIDTH))
    writer, random = RowWriter(unit), Random(seed)
    sampled, numbers = {}, []

    async def happen(ctx):
        for name, signal in outputs(port).items():
            if name not in UNSAID:
                ctx.set(signal, random.getrandbits(len(signal)) if len(signal) > 1 else 1)
        ctx.set(unit.memory.stall, 0)
        ctx.set(unit.access.request.p.kind, AccessKind.COMPARE_EXCHANGE)
        ctx.set(unit.control.request.p.op, ControlOp.INVPCID)
        sampled.update((name, ctx.get(signal)) for name, signal in outputs(port).items())
        ctx.set(writer.go, 1)
        enabled = False
        while not enabled:
            _, _, enabled = await ctx.tick().sample(writer.enable)

    async def collect(ctx):
        while True:
            numbers.append(await get(ctx, writer.numbers))

    simulate(writer, happen, background=(collect,))
    marks = [(sampled["kernel_stack"], sampled["claim"])]
    [(cycle, sample)] = RowReader(marks).rows(leb128(*numbers))
    assert cycle == 0
    assert sample._asdict() == sampled
    assert {name for name, value in sampled.items() if not value} <= UNSAID | {"stall"}
