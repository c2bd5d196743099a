"""Queue in block RAM: what goes in comes out, in order, and as soon as it promises."""

import random
from collections import deque

import pytest
from amaranth import Signal
from hw_support import simulate

from hw.queue import BlockQueue


@pytest.mark.slow
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_queue_gives_back_what_it_was_given_in_the_cycle_after(depth, own):
    last   = None if own else Signal(16)
    queue  = BlockQueue(width=16, depth=depth, last=last)
    chance = random.Random(depth)

    async def main(ctx):
        held = deque()
        for cycle in range(2000):
            fill = 0.9 if cycle // 50 % 2 else 0.3
            number, writes, reads = cycle, chance.random() < fill, chance.random() < 1.1 - fill
            ctx.set(queue.w_data, number)
            ctx.set(queue.w_en, writes)
            ctx.set(queue.r_en, reads)
            assert ctx.get(queue.level) == len(held)
            assert ctx.get(queue.w_rdy) == (len(held) < depth)
            assert ctx.get(queue.r_rdy) == bool(held)
            if held:
                assert ctx.get(queue.r_data) == held[0]
            accepted = writes and len(held) < depth
            await ctx.tick()
            if reads and held:
                held.popleft()
            if accepted:
                held.append(number)
            if last is not None:
                ctx.set(last, number if accepted else ~number)

    simulate(queue, main, deadline=3000)
