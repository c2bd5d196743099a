"""Frames: flags, escapes, length, sequence number, CRC."""

import random
from binascii import crc_hqx

import pytest
from demo_support import framed, unframed
from hw_support import simulate

from hw.demo.framing import Deframer, Framer
from sim.ports import idle


FLAG = b"\x7e"

#: Payloads at the edges of what there can be.
PAYLOADS = {
    "empty":    b"",
    "short":    b"\x07",
    "flags":    b"\x7e" * 9,
    "escapes":  b"\x7d" * 9,
    "mixed":    b"\x7d\x5e\x7e\x5d\x7d\x7e\x20\x00\xff" * 4,
    "flag 126": b"a" * 0x7E,   # its length must be escaped
    "longest":  bytes(random.Random(1).randrange(256) for _ in range(1024)),
}


def opened(octets, *, gap=0):
    """Whole frames in ``octets``, as numbers and payloads, and how often a frame might begin."""
    dut    = Deframer()
    frames = []
    begun  = 0

    async def feed(ctx):
        nonlocal begun
        stored = {}
        for octet in octets:
            ctx.set(dut.octets.payload, octet)
            ctx.set(dut.octets.valid, 1)
            _, _, valid, index, content, whole, number, length, starts = await ctx.tick().sample(
                dut.payload.valid, dut.index, dut.payload.payload, dut.whole, dut.number,
                dut.length, dut.begun)
            begun += starts
            if valid:
                stored[index] = content
            if whole:
                frames.append((number, bytes(stored[place] for place in range(length))))
            ctx.set(dut.octets.valid, 0)
            ctx.set(dut.octets.payload, 0x7E)  # not valid, so nothing
            await idle(ctx, gap)

    simulate(dut, feed, deadline=20_000)
    return frames, begun


def made(number, kind, content, *, pause=lambda: 0):
    """Octets that a framer sends; ``pause`` are cycles before it may go on."""
    dut, octets, done = Framer(), bytearray(), []

    async def memory(ctx):
        while True:
            _, _, address = await ctx.tick().sample(dut.address)
            ctx.set(dut.content, content[address] if address < len(content) else 0xEE)

    async def drain(ctx):
        ctx.set(dut.number, number)
        ctx.set(dut.kind, kind)
        ctx.set(dut.length, len(content))
        for _ in range(2):                 # a second time, the same
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            finished = False
            while not finished:
                await idle(ctx, pause())
                ctx.set(dut.octets.ready, 1)
                _, _, valid, octet, finished = await ctx.tick().sample(
                    dut.octets.valid, dut.octets.payload, dut.done)
                if valid:
                    octets.append(octet)
                ctx.set(dut.octets.ready, 0)
            done.append(bytes(octets))
            octets.clear()
        ctx.set(dut.octets.ready, 1)
        for _ in range(5):
            _, _, valid = await ctx.tick().sample(dut.octets.valid)
            assert not valid

    simulate(dut, drain, background=(memory,), deadline=50_000)
    assert done[0] == done[1]
    return done[0]


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_frame_is_opened(payload, gap):
    assert opened(framed(0x5A, payload), gap=gap)[0] == [(0x5A, payload)]


@pytest.mark.parametrize("number", [0x7E, 0x7D, 0, 255])
def test_the_number_may_be_any(number):
    assert opened(framed(number, b"abc"))[0] == [(number, b"abc")]


def test_the_crc_is_that_of_the_catalogue():
    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1
    content = bytes([9 - 3, 0, 0x33]) + b"456789"
    assert opened(FLAG + content + crc_hqx(content, 0xFFFF).to_bytes(2, "big") + FLAG)[0] == [
        (0x33, b"456789")]


def test_frames_may_share_a_flag():
    frames = [(7, b"one"), (8, b""), (9, b"\x7e")]
    octets = b"".join(framed(*frame)[:-1] for frame in frames) + FLAG
    assert opened(octets)[0] == frames


def test_empty_frames_are_nothing():
    assert opened(FLAG * 4 + framed(1, b"x") + FLAG * 3 + framed(2, b"y"))[0] == [
        (1, b"x"), (2, b"y")]


@pytest.mark.parametrize("garbage", [b"\x00", b"garbage", b"\x7d", b"\x7e\x7d", b"\xff" * 2000],
                         ids=repr)
def test_garbage_before_a_frame_does_not_matter(garbage):
    assert opened(garbage[:1500] + framed(1, b"x"))[0] == [(1, b"x")]


def test_every_false_bit_is_found():
    frame = framed(3, b"ab")
    for place in range(8, 8 * (len(frame) - 1)):
        broken = bytearray(frame)
        broken[place // 8] ^= 1 << place % 8
        assert opened(bytes(broken) + framed(4, b"next"))[0] == [(4, b"next")]


@pytest.mark.parametrize("crc", [1, 0x8000, 0xFFFF])
def test_a_wrong_crc_is_dropped(crc):
    assert opened(framed(1, b"x", crc=crc) + framed(2, b"y"))[0] == [(2, b"y")]


@pytest.mark.parametrize("length", [0, 2, 4, 259, 1024, 1025, 0xFFFF])
def test_a_wrong_length_is_dropped(length):
    assert opened(framed(1, b"abc", length=length) + framed(2, b"y"))[0] == [(2, b"y")]


@pytest.mark.parametrize("size", [1025, 1027, 2044, 2048, 3000])
def test_a_frame_that_is_too_long_is_dropped(size):
    assert opened(framed(1, bytes(size)) + framed(2, b"y"))[0] == [(2, b"y")]
    # ... also one that looks right where a counter might wrap.
    assert opened(framed(1, bytes(size), length=size % 1024) + framed(2, b"y"))[0] == [(2, b"y")]


def test_a_frame_that_is_cut_short_is_dropped():
    whole = framed(1, b"abcdef")
    for end in range(1, len(whole) - 1):
        assert opened(whole[:end] + framed(2, b"y"))[0] == [(2, b"y")]


def test_a_frame_that_ends_in_an_escape_is_dropped():
    assert opened(framed(1, b"x")[:-1] + b"\x7d" + FLAG + framed(2, b"y"))[0] == [(2, b"y")]


def test_a_flag_says_that_a_frame_may_begin():
    assert opened(FLAG * 3 + framed(1, b"x"))[1] == 3 + 2


@pytest.mark.parametrize("number", [0x11, 0x7E])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_frame_is_made(payload, number):
    content = payload[:1023]
    assert made(number, 0x02, content) == framed(number, b"\x02" + content)


def test_a_frame_waits_for_whoever_takes_it():
    chance  = random.Random(5)
    content = PAYLOADS["mixed"]
    octets  = made(0x7D, 0x7E, content, pause=lambda: chance.choice((0, 0, 1, 5)))
    assert unframed(octets) == [(0x7D, b"\x7e" + content)]
