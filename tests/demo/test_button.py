"""A button that bounces."""

import pytest
from hw_support import simulate

from hw.demo.button import Button
from stream_support import idle


#: Cycles between ticks.
TICK = 10


def presses(levels):
    """Cycles in which a press is told, for the levels of the pin, one a cycle."""
    dut, found = Button(), []

    async def run(ctx):
        await idle(ctx, 2 * TICK)
        for cycle, level in enumerate(levels):
            ctx.set(dut.pin, level)
            ctx.set(dut.tick, cycle % TICK == 0)
            _, _, pressed = await ctx.tick().sample(dut.pressed)
            if pressed:
                found.append(cycle)

    simulate(dut, run)
    return found


def test_a_press_is_told_once_however_long_it_is():
    assert len(presses([0] * 20 + [1] * 100 + [0] * 50)) == 1


def test_each_press_is_told():
    assert len(presses(([0] * 30 + [1] * 30) * 5 + [0] * 30)) == 5


@pytest.mark.parametrize("bounce", [[1, 0] * 4, [1, 0, 0, 1, 1, 0, 1, 1], [1, 1, 1, 0, 0, 1, 0, 1]])
@pytest.mark.parametrize("begin", range(0, TICK, 3))
def test_what_bounces_for_less_than_a_tick_is_told_once(bounce, begin):
    # When it is let go, too.
    assert len(presses([0] * (30 + begin) + bounce + [1] * 50 + bounce + [0] * 50)) == 1


def test_nothing_is_told_without_a_press():
    assert presses([0] * 100) == []
