"""Stream drivers."""

from amaranth import Module, Signal, unsigned
from amaranth.lib import stream
from amaranth.sim import Simulator

from stream_support import get, idle, put


def test_a_payload_goes_from_put_to_get_once_whoever_comes_first():
    link = stream.Signature(unsigned(8)).create()
    got  = []

    async def producer(ctx):
        await put(ctx, link, 1)
        await idle(ctx, 5)
        await put(ctx, link, 2)
        await put(ctx, link, 3)

    async def consumer(ctx):
        await idle(ctx, 3)
        while len(got) < 3:
            got.append(await get(ctx, link))

    m = Module()
    m.d.sync += Signal().eq(link.valid)
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(producer)
    simulator.add_testbench(consumer)
    simulator.run()
    assert got == [1, 2, 3]
