"""Physical memory, alone and as a Wishbone target."""

import pytest
from amaranth import Module, Signal
from amaranth.sim import Simulator

from hw.wishbone import WishboneSignature
from sim.memory import PhysicalMemory


def test_untouched_memory_reads_as_zero():
    assert PhysicalMemory().read(0x1234_5678, 8) == 0


def test_a_value_may_cross_a_page():
    memory = PhysicalMemory()
    memory.write(0xffd, 8, 0x8877_6655_4433_2211)
    assert memory.read(0xffd, 8) == 0x8877_6655_4433_2211
    assert memory.read(0x1000, 1) == 0x44
    assert memory.read_bytes(0xffc, 3) == b"\x00\x11\x22"


def test_a_transfer_touches_only_the_selected_bytes():
    memory = PhysicalMemory()
    memory.write(0x2000, 8, 0x1111_1111_1111_1111)
    assert memory.transfer(0x400, 1, 0b1000_0001, 0xaaaa_aaaa_aaaa_aaaa) == 0x1111_1111_1111_1111
    assert memory.transfer(0x400, 0, 0xff, 0) == 0xaa11_1111_1111_11aa


@pytest.mark.parametrize("arguments, complaint", [
    ({"latency": 0},           "not 0"),
    ({"stall": [True, True]},  "never accepts"),
])
def test_impossible_timing_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        PhysicalMemory(**arguments)


def run_initiator(memory, requests):
    """Issue ``requests`` back to back. Returns (cycle accepted, cycle acked, data) of each."""
    port     = WishboneSignature(maxphyaddr=32).create()
    accepted = []
    acked = []

    async def initiator(ctx):
        left, cycle = list(requests), 0
        ctx.set(port.cyc, 1)
        while len(acked) < len(requests):
            ctx.set(port.stb, bool(left))
            if left:
                for name, value in left[0].items():
                    ctx.set(getattr(port, name), value)
            _, _, stall, ack, data = await ctx.tick().sample(port.stall, port.ack, port.dat_r)
            if left and not stall:
                accepted.append(cycle)
                left.pop(0)
            if ack:
                acked.append((cycle, data))
            cycle += 1

    async def serve(ctx):
        await memory.serve(ctx, port)

    m = Module()
    m.d.sync += Signal().eq(port.cyc)
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(initiator)
    simulator.add_process(serve)
    simulator.run()
    return [(cycle, *response) for cycle, response in zip(accepted, acked, strict=True)]


READS = [{"adr": n, "we": 0, "sel": 0xff} for n in range(3)]


@pytest.mark.parametrize("latency", [1, 2, 5])
def test_pipelined_transfers_are_acknowledged_in_order_after_the_latency(latency):
    memory = PhysicalMemory(latency=latency)
    for n in range(3):
        memory.write(8 * n, 8, 100 + n)
    assert run_initiator(memory, READS) == [(n, n + latency, 100 + n) for n in range(3)]


def test_a_stalled_transfer_is_accepted_later():
    memory = PhysicalMemory(stall=[True, True, False])
    assert [accepted for accepted, _, _ in run_initiator(memory, READS)] == [2, 5, 8]


def test_a_read_sees_the_write_before_it():
    memory  = PhysicalMemory(latency=3)
    write   = {"adr": 7, "we": 1, "sel": 0x0f, "dat_w": 0x1234_5678_9abc_def0}
    answers = run_initiator(memory, [write, {"adr": 7, "we": 0, "sel": 0xff}])
    assert answers[1][2] == 0x9abc_def0
    assert memory.read(56, 8) == 0x9abc_def0
