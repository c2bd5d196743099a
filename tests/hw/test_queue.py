"""Queue in block RAM: what goes in comes out, in order, and as soon as it promises."""

import random
from collections import deque

import pytest
from hw_support import simulate

from hw.queue import BlockQueue


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_queue_gives_back_what_it_was_given_when_it_promises(depth, at_once):
    queue  = BlockQueue(width=16, depth=depth, at_once=at_once)
    chance = random.Random(depth)

    async def main(ctx):
        held = deque()  # entries, each with the first cycle in which it can be read
        for cycle in range(2000):
            fill = 0.9 if cycle // 50 % 2 else 0.3
            number, writes, reads = cycle, chance.random() < fill, chance.random() < 1.1 - fill
            ctx.set(queue.w_data, number)
            ctx.set(queue.w_en, writes)
            ctx.set(queue.r_en, reads)
            readable = bool(held) and held[0][1] <= cycle
            assert ctx.get(queue.level) == len(held)
            assert ctx.get(queue.w_rdy) == (len(held) < depth)
            assert ctx.get(queue.r_rdy) == readable
            if readable:
                assert ctx.get(queue.r_data) == held[0][0]
            accepted = writes and len(held) < depth
            await ctx.tick()
            if reads and readable:
                held.popleft()
            if accepted:
                held.append((number, cycle + (1 if at_once else 2)))

    simulate(queue, main, deadline=3000)
