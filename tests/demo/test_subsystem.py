"""Unit and memory, whose clock can stand still."""

import random

import pytest
from hw_support import simulate
from stream_support import idle

from hw.bus import ControlOp, Register
from hw.demo.subsystem import MemorySubsystem
from hw.layout import AccessKind
from hw.presets import PRESETS

from .demo_support import access, control, operations, settled
from .demo_watch import Watch


pytestmark = pytest.mark.slow


READ, WRITE, COMPARE = AccessKind.READ, AccessKind.WRITE, AccessKind.COMPARE_EXCHANGE

#: Paging, a miss, an update of A and D, a string over two pages, a fault, a locked access, INVLPG.
WORK = (access(WRITE, 0x1000, 0x2007, size=4) + access(WRITE, 0x2000, 0x7, 0x3007, 0x3005, size=4)
        + control(ControlOp.WRITE, Register.CR3, 0x1000)
        + control(ControlOp.WRITE, Register.CR0, 0xE001_0011)
        + access(WRITE, 0xFFC, *range(1, 5), size=4) + access(READ, 0xFF8, count=9)
        + access(WRITE, 0x2010, 1, user=1) + access(COMPARE, 0x1004, (9, 3), size=4)
        + control(ControlOp.INVLPG, value=0x1000) + access(READ, 0x1004, size=4)
        + control(ControlOp.READ, Register.CR2))


def seen(*, runs=lambda: True, reset=None):
    """Behaviour of a machine that runs in the cycles of the clock for which ``runs()`` says so.

    It does not before memory has settled. In the cycles without it there is anything on its ports.
    It is reset after so many cycles of its own, and what it did before is forgotten.
    """
    machine = MemorySubsystem(PRESETS["tiny"], ram_kib=16)
    watch   = Watch(machine, machine.enable)
    chance  = random.Random(6)

    async def main(ctx):
        if reset is not None:
            await work(ctx, reset)
            assert watch.cycle == reset
            ctx.set(machine.reset, 1)
            await ctx.tick()
            ctx.set(machine.reset, 0)
            clearing = 0
            while ctx.get(machine.clearing):
                await ctx.tick()
                clearing += 1
            assert clearing == 2048
            watch.anew()
        await work(ctx, 1000)

    async def work(ctx, cycles):
        """Do the work, one operation after the other, but only so many cycles."""
        for what, operation in operations(WORK):
            port = machine.access if what == "access" else machine.control
            accepted = completed = False
            while not completed and watch.cycle < cycles:
                enable = runs() and ctx.get(machine.settled)
                await drive(ctx, port, operation, requests=not accepted, enable=enable)
                _, _, ready, response = await ctx.tick().sample(
                    port.request.ready, port.response.valid)
                if enable:
                    accepted, completed = accepted or ready, response
        ctx.set(machine.enable, 0)

    async def drive(ctx, port, operation, *, requests, enable):
        ctx.set(machine.enable, enable)
        for each in (machine.access, machine.control):
            ctx.set(each.request.valid, 0 if enable else chance.randrange(2))
            ctx.set(each.response.ready, 1 if enable else chance.randrange(2))
        if enable:
            ctx.set(port.request.valid, requests)
            ctx.set(port.request.payload, operation)
        else:
            ctx.set(machine.access.request.p.linear, chance.getrandbits(64))
            ctx.set(machine.control.request.p.value, chance.getrandbits(64))

    simulate(machine, main, background=(watch.run,), deadline=8000)
    return watch.rows, watch.cycle


def test_standing_still_changes_nothing():
    chance = random.Random(7)
    rows, cycles = seen()
    assert len(rows) > 60 and cycles > 90
    assert seen(runs=lambda: chance.random() < .5) == (rows, cycles)
    assert seen(runs=lambda: chance.random() < .1) == (rows, cycles)


@pytest.mark.parametrize("cycles", [0, 1, 7, 22, 40, 60, 79])
def test_a_reset_makes_it_as_it_was(cycles):
    rows, count = seen()
    again       = seen(reset=cycles)
    assert (settled(again[0]), again[1]) == (settled(rows), count)


def test_what_comes_out_can_be_looked_at_while_it_stands_still():
    machine = MemorySubsystem(PRESETS["tiny"], ram_kib=16)

    def shown(ctx):
        return (ctx.get(machine.memory.stb), ctx.get(machine.memory.ack),
                ctx.get(machine.access.response.valid))

    async def run(ctx):
        ctx.set(machine.access.request.valid, 1)
        await step(ctx)
        ctx.set(machine.access.request.valid, 0)
        for stage in ((1, 0, 0), (0, 1, 1), (0, 0, 1), (0, 0, 1)):
            assert shown(ctx) == stage
            await idle(ctx, 3)
            assert shown(ctx) == stage
            await step(ctx)
        ctx.set(machine.access.response.ready, 1)
        await idle(ctx, 3)
        assert shown(ctx) == (0, 0, 1)
        await step(ctx)
        assert shown(ctx) == (0, 0, 0)

    async def step(ctx):
        ctx.set(machine.enable, 1)
        await ctx.tick()
        ctx.set(machine.enable, 0)

    simulate(machine, run)
