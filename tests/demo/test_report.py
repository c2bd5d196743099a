"""Numbers of the greeting and of the counters."""

import pytest
from hw_support import simulate

from hw.demo.protocol import AnswerKind
from hw.demo.report import Report
from sim.ports import get, idle


GREETING = (1, 0, 128, 12_000)
COUNTS   = (5, 4, 3, 0xFFFF_FFFF, 0)


@pytest.mark.parametrize("pause", [0, 3])
def test_each_is_reported_as_often_as_it_is_asked_for(pause):
    dut = Report(GREETING, counters=5)
    kinds    = [AnswerKind.GREETING, AnswerKind.COUNTERS, AnswerKind.COUNTERS, AnswerKind.GREETING]
    numbers  = []
    reported = []

    async def ask(ctx):
        for signal, count in zip(dut.counts, COUNTS, strict=True):
            ctx.set(signal, count)
        await idle(ctx, 5)
        assert numbers == []
        for kind in kinds:
            ctx.set(dut.ask.payload, kind)
            ctx.set(dut.ask.valid, 1)
            taken = False
            while not taken:
                _, _, taken = await ctx.tick().sample(dut.ask.ready)
            ctx.set(dut.ask.valid, 0)
            reported.append(tuple(numbers))
            numbers.clear()
            await idle(ctx, pause)
            assert numbers == []

    async def collect(ctx):
        while True:
            await idle(ctx, pause)
            numbers.append(await get(ctx, dut.numbers))

    simulate(dut, ask, background=(collect,))
    assert reported == [GREETING, COUNTS, COUNTS, GREETING]
