# amaranth: UnusedElaboratable=no
"""Frames: flags, escapes, header, CRC."""

import functools
import random
from binascii import crc32

import pytest
from hw_support import PERIOD, Bench
from stream_support import idle

from hw.demo.framing import Deframer, Framer

from .demo_support import Frame, framed, frames_in


FLAG = b"\x7e"

#: Payloads at the edges of what there can be.
PAYLOADS = {
    "empty":    b"",
    "short":    b"\x07",
    "flags":    b"\x7e" * 64,
    "escapes":  b"\x7d" * 9,
    "mixed":    b"\x7d\x5e\x7e\x5d\x7d\x7e\x20\x00\xff" * 4,
    "longest":  bytes(random.Random(1).randrange(256) for _ in range(64)),
}


#: Cycles from one byte to the next, at the least.
PACE = 10


@pytest.mark.parametrize("segment", [0, 1, 12, 128, 8.5])
@pytest.mark.parametrize("part", [Deframer, Framer])
def test_a_segment_has_a_power_of_two_bytes(part, segment):
    with pytest.raises(ValueError, match=f"power of two bytes, from 2 to 64, not {segment}$"):
        part(segment)


@functools.cache
def bench_of(part):
    """The bench of a :class:`Deframer` or :class:`Framer`."""
    return Bench(part())


def opened(data, *, gap=0):
    """Whole frames in ``data``, as numbers and payloads."""
    return [(frame.number, frame.payload) for frame in found_in(data, gap=gap)[0]]


def found_in(data, *, gap=0):
    """Whole frames in ``data``, and how often a frame might begin."""
    bench  = bench_of(Deframer)
    dut    = bench.dut
    frames = []
    begun  = 0

    async def feed(ctx):
        nonlocal begun
        stored = {}
        for byte in data:
            ctx.set(dut.bytes.payload, byte)
            ctx.set(dut.bytes.valid, 1)
            _, _, valid, place, content, whole, header, length, starts = await ctx.tick().sample(
                dut.content.valid, dut.offset, dut.content.payload, dut.whole, dut.header,
                dut.length, dut.begun)
            begun += starts
            if valid:
                stored[place] = content
            if whole:
                frames.append(Frame(header.response, header.number, header.segment, header.last,
                                    header.about,
                                    bytes(stored[place] for place in range(length))))
            ctx.set(dut.bytes.valid, 0)
            ctx.set(dut.bytes.payload, 0x7E)  # not valid, so nothing
            # To the middle of a cycle, so that the next edge takes the next byte.
            await ctx.delay((PACE - 0.5 + gap) * PERIOD)

    bench.run(feed, deadline=100_000)
    return frames, begun


def made(header, content, *, pause=lambda: 0):
    """Bytes that a framer sends; ``pause`` are cycles before it may go on."""
    bench, data, done = bench_of(Framer), bytearray(), []
    dut = bench.dut

    async def memory(ctx):
        while True:
            _, _, address = await ctx.tick().sample(dut.address)
            ctx.set(dut.content, content[address] if address < len(content) else 0xEE)

    async def drain(ctx):
        ctx.set(dut.header, header)
        ctx.set(dut.length, len(content))
        for _ in range(2):                 # a second time, the same
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            finished = False
            while not finished:
                await idle(ctx, pause())
                ctx.set(dut.bytes.ready, 1)
                _, _, valid, byte, finished = await ctx.tick().sample(
                    dut.bytes.valid, dut.bytes.payload, dut.done)
                if valid:
                    data.append(byte)
                ctx.set(dut.bytes.ready, 0)
            done.append(bytes(data))
            data.clear()
        ctx.set(dut.bytes.ready, 1)
        for _ in range(5):
            _, _, valid = await ctx.tick().sample(dut.bytes.valid)
            assert not valid

    bench.run(drain, background=memory, deadline=50_000)
    assert done[0] == done[1]
    return done[0]


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_frame_is_opened(payload, gap):
    assert opened(framed(0x5A, payload), gap=gap) == [(0x5A, payload)]


@pytest.mark.parametrize("header", [
    Frame(0, 0x7E, 0, 1, 0xF0, b"x"),
    Frame(1, 0x7D, 15, 0, 0x7E, b""),
    Frame(0, 0, 13, 1, 0x7D, b"yz"),       # its first byte is 0x1D
    Frame(1, 255, 14, 1, 0xFF, b"\x7e"),
])
def test_the_header_may_be_any(header):
    data = framed(header.number, header.payload, segment=header.segment, last=header.last,
                    about=header.about, response=header.response)
    assert found_in(data)[0] == [header]


def test_the_crc_is_that_of_the_catalogue():
    assert crc32(b"123456789") == 0xCBF43926
    content = b"123456789"
    data  = FLAG + content + bytes.fromhex("2639f4cb") + FLAG
    assert opened(data) == [(ord("2"), b"456789")]


def test_frames_may_share_a_flag():
    frames = [(7, b"one"), (8, b""), (9, b"\x7e")]
    data = b"".join(framed(*frame)[:-1] for frame in frames) + FLAG
    assert opened(data) == frames


def test_empty_frames_are_nothing():
    assert opened(FLAG * 4 + framed(1, b"x") + FLAG * 3 + framed(2, b"y")) == [
        (1, b"x"), (2, b"y")]


@pytest.mark.slow
@pytest.mark.parametrize("garbage", [b"\x00", b"garbage", b"\x7d", b"\x7e\x7d", b"\xff" * 300],
                         ids=repr)
def test_garbage_before_a_frame_does_not_matter(garbage):
    assert opened(garbage + framed(1, b"x")) == [(1, b"x")]


@pytest.mark.slow
def test_every_false_bit_is_found():
    frame = framed(3, b"ab")
    for place in range(8, 8 * (len(frame) - 1)):
        broken = bytearray(frame)
        broken[place // 8] ^= 1 << place % 8
        assert opened(bytes(broken) + framed(4, b"next")) == [(4, b"next")]


@pytest.mark.parametrize("crc", [1 << bit for bit in range(32)] + [0xFFFF_FFFF])
def test_a_wrong_crc_is_dropped(crc):
    assert opened(framed(1, b"x", crc=crc) + framed(2, b"y")) == [(2, b"y")]


@pytest.mark.slow
@pytest.mark.parametrize("size", [65, 66, 68, 69, 120, 124, 125, 128, 192, 300])
def test_a_frame_that_is_too_long_is_dropped(size):
    assert opened(framed(1, bytes(size)) + framed(2, b"y")) == [(2, b"y")]


@pytest.mark.parametrize("size", range(7))
def test_what_is_too_short_to_be_a_frame_is_dropped(size):
    content = bytes(range(size))
    data  = content + crc32(content).to_bytes(4, "little")
    assert opened(FLAG + data[-6:] + FLAG + framed(2, b"y")) == [(2, b"y")]


def test_a_frame_that_is_cut_short_is_dropped():
    whole = framed(1, b"abcdef")
    for end in range(1, len(whole) - 1):
        assert opened(whole[:end] + framed(2, b"y")) == [(2, b"y")]


def test_a_frame_that_ends_in_an_escape_is_dropped():
    assert opened(framed(1, b"x")[:-1] + b"\x7d" + FLAG + framed(2, b"y")) == [(2, b"y")]


def test_a_flag_says_that_a_frame_may_begin():
    assert found_in(FLAG * 3 + framed(1, b"x"))[1] == 3 + 2


@pytest.mark.slow
@pytest.mark.parametrize("number", [0x11, 0x7E])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_frame_is_made(payload, number):
    header = {"response": 1, "segment": 13, "last": 0, "number": number, "about": 2}
    assert made(header, payload) == framed(number, payload, segment=13, last=False, about=2,
                                           response=True)


def test_a_frame_waits_for_whoever_takes_it():
    chance  = random.Random(5)
    content = PAYLOADS["mixed"]
    data  = made({"number": 0x7D, "about": 0x7E, "last": 1}, content,
                   pause=lambda: chance.choice((0, 0, 1, 5)))
    assert frames_in(data) == [Frame(0, 0x7D, 0, 1, 0x7E, content)]
