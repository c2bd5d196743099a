# amaranth: UnusedElaboratable=no
"""Bytes on a pin, at the level of single cycles."""

import functools
import math
import random
from itertools import groupby

import pytest
from hw_support import PERIOD, Bench

from hw.demo.uart import Receiver, Transmitter
from stream_support import idle, put


DIVISORS = pytest.mark.parametrize("divisor", [4, 5, 8, 33])

DATA = bytes([0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80, 0x7E, 0x00, 0x00, 0xFF, 0xFF, 0x3C])


def bits_of(data):
    """Levels of the line, bit by bit: start, eight bits of data, stop."""
    return [bit for byte in data
            for bit in (0, *(byte >> n & 1 for n in range(8)), 1)]


def wave(bits, divisor, *, stretch=1.0, phase=0.0):
    """Levels in each cycle of bits that last ``stretch`` times as long as they should.

    ``phase`` is how long after a cycle's edge, in cycles, the first bit begins.
    """
    lasts = divisor * stretch
    count = math.ceil(len(bits) * lasts)
    places = (int((cycle - phase) // lasts) for cycle in range(count))
    return [bits[place] if place >= 0 else 1 for place in places]


@functools.cache
def bench_of(part, divisor):
    """The bench of a :class:`Receiver` or :class:`Transmitter`."""
    return Bench(part(divisor))


def received(levels, divisor):
    """Bytes that come out when the line has these levels, one a cycle, and is idle after."""
    bench, data = bench_of(Receiver, divisor), bytearray()
    dut = bench.dut

    async def drive(ctx):
        # Edges of the clock are half a period away from these changes.
        for level, cycles in groupby([1] * 5 + list(levels) + [1] * (2 * divisor + 5)):
            ctx.set(dut.rx, level)
            await ctx.delay(len(list(cycles)) * PERIOD)

    async def listen(ctx):
        while True:
            if not ctx.get(dut.bytes.valid):
                await ctx.posedge(dut.bytes.valid)
            _, _, valid, byte = await ctx.tick().sample(dut.bytes.valid, dut.bytes.payload)
            if valid:
                data.append(byte)

    bench.run(drive, background=listen, deadline=100_000)
    return bytes(data)


def sent(data, divisor, *, gap=0):
    """Levels of the line in each cycle, from the first start bit on."""
    bench, levels = bench_of(Transmitter, divisor), []
    dut = bench.dut

    async def feed(ctx):
        for byte in data:
            await put(ctx, dut.bytes, byte)
            await idle(ctx, gap)
        await idle(ctx, 12 * divisor)

    async def look(ctx):
        while True:
            _, _, level = await ctx.tick().sample(dut.tx)
            levels.append(level)

    bench.run(feed, background=look, deadline=100_000)
    return levels[levels.index(0):] if 0 in levels else levels


@pytest.mark.parametrize("divisor", [3, 0, -4, 8.0])
@pytest.mark.parametrize("part", [Receiver, Transmitter])
def test_a_bit_must_last_four_cycles(part, divisor):
    with pytest.raises(ValueError, match=f"a bit must last 4 cycles or more, not {divisor}"):
        part(divisor)


@pytest.mark.slow
@DIVISORS
def test_bytes_are_sent_bit_by_bit_without_a_gap(divisor):
    expected = wave(bits_of(DATA), divisor)
    levels   = sent(DATA, divisor)
    assert levels[:len(expected)] == expected
    assert set(levels[len(expected):]) == {1}


@DIVISORS
def test_the_line_is_idle_between_bytes_and_at_first(divisor):
    assert set(sent(b"", divisor)) == {1}
    levels   = sent(b"\x00\x55", divisor, gap=20 * divisor)
    first    = wave(bits_of(b"\x00"), divisor)
    assert levels[:len(first)] == first
    rest     = levels[len(first):]
    second   = wave(bits_of(b"\x55"), divisor)
    begin    = rest.index(0)
    assert begin >= 10 * divisor
    assert rest[begin:begin + len(second)] == second


@pytest.mark.slow
@DIVISORS
@pytest.mark.parametrize("stretch", [1.0, 0.98, 1.02])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.6, 0.95])
def test_bytes_are_received_from_a_line_that_is_a_little_fast_or_slow(divisor, stretch, phase):
    chance = random.Random(divisor)
    data = DATA + bytes(chance.randrange(256) for _ in range(12))
    assert received(wave(bits_of(data), divisor, stretch=stretch, phase=phase),
                    divisor) == data


@pytest.mark.slow
@DIVISORS
def test_what_is_sent_is_received(divisor):
    assert received(sent(DATA, divisor), divisor) == DATA


@DIVISORS
def test_a_glitch_on_an_idle_line_is_no_byte(divisor):
    for length in {1, divisor // 2 - 1}:
        glitch = [0] * length + [1] * 3 * divisor
        assert received(glitch * 2, divisor) == b""
        assert received(glitch + wave(bits_of(DATA), divisor), divisor) == DATA


@pytest.mark.parametrize("divisor", [8, 33])
def test_a_glitch_at_the_edge_of_a_bit_does_not_matter(divisor):
    levels = wave(bits_of(DATA), divisor)
    # Not the edge of a start bit: bytes are timed from there.
    for bit in range(1, 10):
        for byte in range(len(DATA)):
            levels[(10 * byte + bit) * divisor] ^= 1
    assert received(levels, divisor) == DATA


@DIVISORS
def test_a_byte_without_a_stop_bit_is_dropped(divisor):
    broken = bits_of(b"\x55")
    broken[9] = 0
    levels = wave(broken, divisor) + [1] * divisor + wave(bits_of(b"\xa7"), divisor)
    assert received(levels, divisor) == b"\xa7"


@DIVISORS
def test_nothing_is_received_while_the_line_is_broken(divisor):
    broken = [0] * (45 * divisor) + [1] * divisor
    assert received(broken + wave(bits_of(DATA), divisor), divisor) == DATA
