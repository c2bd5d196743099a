"""Numbers in bytes."""

import random

import pytest
from hw_support import simulate
from stream_support import get, idle, put

from hw.demo.varint import VarintEncoder

from .demo_support import leb128


def encoded(numbers, *, gap=0, pause=0):
    """Bytes of ``numbers``; ``gap`` cycles before each number, ``pause`` before each byte."""
    dut    = VarintEncoder()
    data = bytearray()

    async def feed(ctx):
        for number in numbers:
            await idle(ctx, gap)
            await put(ctx, dut.numbers, number)

    async def drain(ctx):
        for _ in range(sum(len(leb128(number)) for number in numbers)):
            await idle(ctx, pause)
            data.append(await get(ctx, dut.bytes))
        await idle(ctx, 3)
        assert not ctx.get(dut.bytes.valid)

    simulate(dut, feed, drain, deadline=10_000)
    return bytes(data)


@pytest.mark.parametrize("number, data", [
    (0,            "00"),
    (1,            "01"),
    (0x7F,         "7f"),
    (0x80,         "80 01"),
    (0x3FFF,       "ff 7f"),
    (0x4000,       "80 80 01"),
    (624485,       "e5 8e 26"),
    ((1 << 63),    "80 80 80 80 80 80 80 80 80 01"),
    ((1 << 64) - 1, "ff ff ff ff ff ff ff ff ff 01"),
])
def test_a_number_has_as_few_bytes_as_there_can_be(number, data):
    assert encoded([number]) == bytes.fromhex(data)


@pytest.mark.parametrize("gap, pause", [(0, 0), (3, 0), (0, 3), (2, 1)])
def test_numbers_follow_each_other_at_any_pace(gap, pause):
    chance  = random.Random(gap * 10 + pause)
    numbers = [chance.getrandbits(chance.randrange(65)) for _ in range(60)]
    assert encoded(numbers, gap=gap, pause=pause) == b"".join(map(leb128, numbers))


def test_without_pauses_there_is_a_byte_in_every_cycle():
    dut    = VarintEncoder()
    values = []

    async def feed(ctx):
        for number in (5, 300, 0, 1 << 40):
            await put(ctx, dut.numbers, number)

    async def look(ctx):
        ctx.set(dut.bytes.ready, 1)
        for _ in range(12):
            _, _, valid = await ctx.tick().sample(dut.bytes.valid)
            values.append(valid)

    simulate(dut, feed, look)
    assert values == [0] + [1] * (1 + 2 + 1 + 6) + [0]
