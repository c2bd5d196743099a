# amaranth: UnusedElaboratable=no
"""The whole demonstration system, at its pins."""

from collections import Counter
from itertools import pairwise

import pytest
from amaranth import Module, Signal
from amaranth.lib import data
from hw_support import PERIOD, simulate
from stream_support import idle

from hw.bus import ControlOp, Events, Register
from hw.demo.system import System
from hw.layout import AccessKind
from hw.presets import PRESETS

from .demo_support import (
    CONNECT, CONTINUE, COUNTERS, CYCLE, access, responses_in, control, framed, frames_in, mark,
    numbers_in, rows_in, segments, settled,
)
from .demo_watch import Watch


pytestmark = pytest.mark.slow


READ, WRITE = AccessKind.READ, AccessKind.WRITE

CR0, WP, PAGING = 0x6000_0010, 0x1_0000, 0x8000_0001

STROBES = data.Layout.cast(Events)

#: Cycles of a bit, and of a byte. The clock is a slow one, so that a light is lit for not too many
#: of its cycles.
BIT, BYTE = 4, 10 * 4
CLOCK_HZ, BAUD = 1000, 250
TICK, LIT = 10, 20 * 10

#: Page 0 for the kernel; 4 and 5 both the frame at 0x3000, which user code may read at 5.
TABLES = (access(WRITE, 0x1000, 0x2007, size=4)
          + access(WRITE, 0x2000, 0x3, size=4) + access(WRITE, 0x2010, 0x3003, 0x3005, size=4)
          + control(ControlOp.WRITE, Register.CR3, 0x1000)
          + control(ControlOp.WRITE, Register.CR0, CR0 | WP | PAGING))


class Computer:
    """The far end of the line.

    Attributes
    ----------
    board : :class:`System`
        The board.
    bench : :class:`Module`
        The board, and a count of the clock's cycles.
    watch : :class:`Watch`
        What its machine really does.
    """

    def __init__(self):
        self.board = System(PRESETS["tiny"], preset=0, ram_kib=16, clock_hz=CLOCK_HZ, baud=BAUD)
        machine    = self.board._machine
        self.watch = Watch(machine, machine.enable)
        self.bench = Module()
        self.bench.submodules.board = self.board
        self._now    = Signal(32)
        self.bench.d.sync += self._now.eq(self._now + 1)
        self._lights = {name: getattr(self.board, name) for name in ("fault", "bypass", "busy")}
        self._lit    = Counter()
        self._shown  = ()
        self._since  = 0
        self._heard  = bytearray()
        self._number = 0

    async def say(self, ctx, data):
        """Send bytes."""
        for byte in data:
            for bit in (0, *(byte >> n & 1 for n in range(8)), 1):
                ctx.set(self.board.rx, bit)
                await ctx.delay(BIT * PERIOD)

    async def listen(self, ctx):
        """Testbench: hear bytes. Never returns."""
        while True:
            await ctx.negedge(self.board.tx)
            await ctx.delay(BIT / 2 * PERIOD)  # to the middle of the start bit
            byte = 0
            for bit in range(8):
                await ctx.delay(BIT * PERIOD)
                byte |= ctx.get(self.board.tx) << bit
            await ctx.delay(BIT * PERIOD)
            assert ctx.get(self.board.tx), "no stop bit"
            self._heard.append(byte)

    async def look(self, ctx):
        """Testbench: look at the lights. Never returns."""
        while True:
            await ctx.changed(*self._lights.values())
            self._note(ctx)

    def _note(self, ctx):
        """Take note of the lights that are lit now, and how long others have been until now."""
        now = ctx.get(self._now)
        self._lit.update(dict.fromkeys(self._shown, now - self._since))
        self._since = now
        self._shown = [name for name, light in self._lights.items() if ctx.get(light)]

    def lit(self, ctx):
        """Cycles for which each light was lit since the last call."""
        self._note(ctx)
        lit, self._lit = self._lit, Counter()
        return +lit

    async def hear(self, ctx, *, patience=10_000):
        """The next response's number and payload, or none after so many cycles without a byte."""
        waited, heard = 0, 0
        while waited < patience:
            if len(self._heard) == heard:
                waited += BYTE
            else:
                waited, heard = 0, len(self._heard)
            if self._heard[-1:] == b"\x7e" and self._heard.count(0x7E) % 2 == 0 \
                    and frames_in(bytes(self._heard))[-1].last:
                [response] = responses_in(bytes(self._heard))
                self._heard.clear()
                return response
            await ctx.delay(BYTE * PERIOD)
        assert not self._heard
        return None

    async def do(self, ctx, request):
        """Send a request under the next number; return the payload of its response."""
        self._number = (self._number + 1) % 256
        for frame in segments(self._number, request):
            await self.say(ctx, frame)
        number, payload = await self.hear(ctx)
        assert number == self._number
        return payload


def connected(*, deadline=100_000):
    """Decorate ``async def test(ctx, computer)``: run it, connected to a board."""

    def decorate(test):
        def run():
            computer = Computer()

            async def main(ctx):
                await idle(ctx, 10)
                await computer.say(ctx, framed(0, CONNECT))
                assert await computer.hear(ctx) == (
                    0, bytes([1]) + bytes([3, 0, 16, CLOCK_HZ // 1000]))
                assert not ctx.get(computer.board._machine.clearing)
                await test(ctx, computer)

            simulate(computer.bench, main, deadline=deadline,
                     background=(computer.listen, computer.look, computer.watch.run))

        run.__name__ = test.__name__
        return run
    return decorate


def rows(*payloads):
    """Rows of responses that follow each other."""
    return rows_in(numbers_in(b"".join(payload[1:] for payload in payloads)))


@pytest.mark.parametrize("clock_hz, baud, message", [
    (12_000_000, 6_000_000, "6000000 baud need a clock of 24000000 Hz or more, not 12000000"),
    (25_000_000, 3_000_000, "a clock of 25000000 Hz cannot make 3000000 baud within 1 %"),
])
def test_the_baud_rate_must_suit_the_clock(clock_hz, baud, message):
    with pytest.raises(ValueError, match=message):
        System(PRESETS["tiny"], preset=0, clock_hz=clock_hz, baud=baud)


@connected()
async def test_rows_are_what_the_machine_does(ctx, computer):
    responses = [
        await computer.do(ctx, TABLES),
        await computer.do(ctx, mark(3) + access(READ, 0x10, count=2) + CYCLE),
        await computer.do(ctx, access(WRITE, 0x5000, 1, size=4, user=1)),
    ]
    assert {response[0] for response in responses} == {2}
    assert settled(rows(*responses)) == settled(computer.watch.rows)
    assert rows(*responses)[-1][0] <= computer.watch.cycle
    counts = await computer.do(ctx, COUNTERS)
    events = [said["events"][0] for _, said in computer.watch.rows if "events" in said]
    assert counts[0] == 4
    assert numbers_in(counts[1:]) == [
        computer.watch.cycle, *(sum(event >> STROBES[name].offset & 1 for event in events)
                                for name in ("hit", "missed", "walk_begun", "page_fault"))]


@connected()
async def test_connecting_clears_everything(ctx, computer):
    await computer.do(ctx, TABLES)
    await computer.say(ctx, framed(100, CONNECT))
    assert (await computer.hear(ctx))[0] == 100
    computer.watch.anew()
    computer._number = 100
    assert numbers_in((await computer.do(ctx, COUNTERS))[1:]) == [0] * 5
    response = await computer.do(ctx, access(READ, 0x1000, count=2)
                                + control(ControlOp.READ, Register.CR0))
    found  = rows(response)
    assert settled(found) == settled(computer.watch.rows)
    assert [said["response"][2] for _, said in found if "response" in said] == [0, 0]
    assert [said["controlled"] for _, said in found if "controlled" in said] == [(0, CR0)]
    assert found[0][0] == 0


@connected()
async def test_lights_know_nothing_of_an_earlier_connection(ctx, computer):
    # Accesses that overlap would not be looked at.
    await computer.do(ctx, TABLES + CYCLE.join((access(WRITE, 0x5000, 1, size=4, user=1),
                                                access(READ, 0x5000, size=4, user=1),
                                                access(WRITE, 0x4000, 1, size=4))))
    assert set(computer.lit(ctx)) == {"fault", "bypass", "busy"}
    await computer.say(ctx, framed(100, CONNECT))
    assert (await computer.hear(ctx))[0] == 100
    computer.lit(ctx)
    computer.watch.anew()
    computer._number = 100
    await computer.do(ctx, access(WRITE, 0x3000, 1, size=4))
    assert set(computer.lit(ctx)) == {"busy"}


@connected()
async def test_what_gets_lost_is_repeated_and_done_once(ctx, computer):
    exchange = framed(1, access(AccessKind.EXCHANGE, 0x100, 0x55))
    broken   = bytearray(exchange)
    broken[7] ^= 0x10
    await computer.say(ctx, broken)
    assert await computer.hear(ctx, patience=2000) is None
    await computer.say(ctx, exchange[:5] + exchange[6:])
    assert await computer.hear(ctx, patience=2000) is None
    assert computer.watch.cycle == 0
    await computer.say(ctx, exchange)
    first  = await computer.hear(ctx)
    cycles = computer.watch.cycle
    await computer.say(ctx, exchange)
    assert await computer.hear(ctx) == first
    assert computer.watch.cycle == cycles > 0
    assert rows(first[1])[-1][1]["response"][2] == 0    # 0x55 the second time


@connected()
async def test_a_response_that_is_too_long_comes_in_parts(ctx, computer):
    parts = [await computer.do(ctx, access(WRITE, 0x0, *range(1 << 60, (1 << 60) + 40)))]
    while parts[-1][0] == 3:
        assert len(parts[-1]) == 1024
        parts.append(await computer.do(ctx, CONTINUE))
    assert len(parts) == 2 and parts[-1][0] == 2
    assert settled(rows(*parts)) == settled(computer.watch.rows)
    # The machine waited for the line, and saw nothing of it.
    accepted = [cycle for cycle, said in computer.watch.rows if "request" in said]
    assert [after - before for before, after in pairwise(accepted[2:])] == [1] * 37


@connected()
async def test_lights(ctx, computer):
    board = computer.board
    requests = {
        "set up":          TABLES,
        "refused":         access(WRITE, 0x5000, 1, size=4, user=1),
        "read, and two":   access(READ, 0x5000, size=4, user=1) + access(WRITE, 0x10, 1),
        "read":            access(READ, 0x5000, size=4, user=1),
        "no page":         (access(READ, 0x5000, size=4, user=1)
                            + access(WRITE, 0x7000, 1, size=4)),
        "written":         access(WRITE, 0x4000, 1, size=4),
        "written at once": access(WRITE, 0x4000, 1, 2, size=4),
        "elsewhere":       access(WRITE, 0x10, 1, size=4),
    }
    lit = {}
    for name, request in requests.items():
        assert not any(map(ctx.get, (board.fault, board.bypass, board.busy)))
        await computer.do(ctx, request)
        await idle(ctx, LIT)
        lit[name] = computer.lit(ctx)
    assert {name for name, lights in lit.items() if lights["busy"]} == set(requests)
    assert {name for name, lights in lit.items() if lights["fault"]} == {
        "refused", "no page"}
    assert {name for name, lights in lit.items() if lights["bypass"]} == {
        "written", "written at once"}
    assert LIT - TICK <= lit["refused"]["fault"] <= LIT
    assert LIT - TICK <= lit["written"]["bypass"] <= LIT


@connected()
async def test_the_button_inverts_wp(ctx, computer):
    board = computer.board
    await computer.do(ctx, TABLES)
    store = access(WRITE, 0x5000, 1, size=4)
    for wp in (0, 1):
        ctx.set(board.button, 1)
        await idle(ctx, 2 * TICK + 5)
        ctx.set(board.button, 0)
        assert ctx.get(board.wp) == 1 - wp     # not before the next operation
        found = rows(await computer.do(ctx, CYCLE + store))
        assert ctx.get(board.wp) == wp
        assert [said["control"] for _, said in found if "control" in said] == [
            (1, CR0 | PAGING | wp * WP)]
        assert [said["response"][0] & 3 for _, said in found if "response" in said] == [wp]
        await idle(ctx, 2 * TICK + 5)
