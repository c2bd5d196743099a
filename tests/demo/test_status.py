"""Numbers of the greeting and of the counters."""

import pytest
from hw_support import simulate

from hw.demo.protocol import ResponseKind
from hw.demo.status import StatusReporter
from stream_support import get, idle


GREETING = (1, 0, 128, 12_000)
COUNTS   = (5, 4, 3, 0xFFFF_FFFF, 0)


@pytest.mark.parametrize("pause", [0, 3])
def test_each_is_reported_as_often_as_it_is_requested(pause):
    dut = StatusReporter(GREETING, counters=5)
    kinds    = [ResponseKind.GREETING, ResponseKind.COUNTERS, ResponseKind.COUNTERS,
                ResponseKind.GREETING]
    numbers  = []
    reported = []

    async def request(ctx):
        for signal, count in zip(dut.counts, COUNTS, strict=True):
            ctx.set(signal, count)
        await idle(ctx, 5)
        assert numbers == []
        for kind in kinds:
            ctx.set(dut.request.payload, kind)
            ctx.set(dut.request.valid, 1)
            accepted = False
            while not accepted:
                _, _, accepted = await ctx.tick().sample(dut.request.ready)
            ctx.set(dut.request.valid, 0)
            reported.append(tuple(numbers))
            numbers.clear()
            await idle(ctx, pause)
            assert numbers == []

    async def collect(ctx):
        while True:
            await idle(ctx, pause)
            numbers.append(await get(ctx, dut.numbers))

    simulate(dut, request, background=(collect,))
    assert reported == [GREETING, COUNTS, COUNTS, GREETING]
