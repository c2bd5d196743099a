"""Counters of cycles and events."""

import random

from hw_support import simulate

from hw.bus import Events
from hw.demo.counters import Counters


#: Events that are counted, in the order of the counts; the first count is of cycles.
COUNTED = ("hit", "missed", "walk_begun", "page_fault")


def test_cycles_and_events_are_counted_while_the_machine_runs():
    dut    = Counters()
    chance = random.Random(8)
    expected = [0] * 5

    async def run(ctx):
        for _ in range(400):
            enable = chance.random() < .7
            events = {name: chance.randrange(2) for name, _ in Events.as_shape() if name !=
                      "accessed"}
            ctx.set(dut.enable, enable)
            ctx.set(dut.events, events)
            await ctx.tick()
            if enable:
                for place, count in enumerate((1, *(events[name] for name in COUNTED))):
                    expected[place] += count
        assert [ctx.get(count) for count in dut.counts] == expected

    simulate(dut, run)


def test_nothing_is_counted_while_it_stands_still():
    dut = Counters()

    async def run(ctx):
        ctx.set(dut.events, dict.fromkeys(COUNTED, 1))
        for _ in range(20):
            await ctx.tick()
        assert [ctx.get(count) for count in dut.counts] == [0] * 5

    simulate(dut, run)
