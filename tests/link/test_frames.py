"""Frames of the serial link, as the computer makes and finds them."""

from binascii import crc32
from random import Random

import pytest

from sim.engines.serial.link.frames import SEGMENT, Deframer, Frame, framed


def request(payload=b"", *, number=1):
    """A request of one segment."""
    return Frame(False, number, 0, True, 0xF0, payload)


def test_the_crc_is_the_one_of_the_catalogue():
    assert crc32(b"123456789") == 0xCBF43926  # the check value of CRC-32/ISO-HDLC
    content = b"\x10\x01\xf0ab"
    assert framed(request(b"ab"))[1:-1] == content + crc32(content).to_bytes(4, "little")


@pytest.mark.parametrize("frame, header", [
    (Frame(False, 5, 0, True, 0xF0, b"\x01"),  "10 05 f0 01"),
    (Frame(False, 5, 12, False, 0x31, b"\x01"), "0c 05 31 01"),
    (Frame(True, 5, 15, True, 2, b"\x01"),     "9f 05 02 01"),
    (Frame(True, 5, 3, False, 2, b"\x01"),     "83 05 02 01"),
])
def test_a_frame_byte_by_byte(frame, header):
    data = framed(frame)
    assert data[:1] == data[-1:] == b"\x7e"
    assert data[1:5] == bytes.fromhex(header)
    assert Deframer().feed(data) == [frame]


def test_flags_and_escapes_are_escaped():
    assert framed(request(b"\x7d", number=0x7E))[2:7] == b"\x7d\x5e\xf0\x7d\x5d"


@pytest.mark.parametrize("payload", [
    b"", b"\x7e", b"\x7d", b"\x7d\x5e", bytes(range(100, 164)), b"\x7e" * SEGMENT,
], ids=lambda payload: f"{len(payload)}-{payload[:1].hex()}")
@pytest.mark.parametrize("cut", [1, 2, 7, 5000])
def test_frames_are_found_however_bytes_are_cut(payload, cut):
    frames = [request(payload), request(payload[:3], number=2)]
    data, found, deframer = b"".join(map(framed, frames)), [], Deframer()
    for start in range(0, len(data), cut):
        found += deframer.feed(data[start:start + cut])
    assert found == frames


def test_one_flag_may_end_a_frame_and_begin_the_next():
    frames = [request(b"a"), request(b"b", number=2)]
    assert Deframer().feed(framed(frames[0])[:-1] + framed(frames[1])) == frames


def test_noise_before_a_frame_does_not_spoil_it():
    assert Deframer().feed(b"noise" + framed(request(b"a"))) == [None, request(b"a")]


def test_noise_without_an_end_is_not_kept():
    deframer = Deframer()
    for _ in range(100):
        assert deframer.feed(bytes(1 << 16)) == []
    assert len(deframer._begun) < 1000
    assert deframer.feed(framed(request(b"a"))) == [None, request(b"a")]


@pytest.mark.parametrize("spoil", [
    lambda frame: frame[:4] + b"x" + frame[5:],
    lambda frame: frame[:4] + frame[5:],
    lambda frame: frame[:4] + b"x" + frame[4:],
    lambda frame: frame[:3] + frame[-1:],
    lambda frame: frame[:-1] + b"\x7d\x7e",
], ids=["other", "lost", "one more", "short", "escape"])
def test_a_spoilt_frame_is_not_whole(spoil):
    assert Deframer().feed(spoil(framed(request(b"abcd")))) == [None]


@pytest.mark.parametrize("size", [65, 68, 100, 1000])
def test_what_is_too_long_is_not_whole(size):
    content = b"\x10\x01\xf0" + bytes(size)
    data  = b"\x7e" + content + crc32(content).to_bytes(4, "little") + b"\x7e"
    assert Deframer().feed(data) == [None]


def test_every_bit_counts():
    data = framed(request(b"abcd"))
    for bit in range(8, 8 * (len(data) - 1)):
        spoilt = bytearray(data)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert request(b"abcd") not in Deframer().feed(bytes(spoilt))


def test_of_mangled_frames_none_passes():
    chance, data = Random(1), framed(request(bytes(range(64))))
    for _ in range(20_000):
        spoilt = bytearray(data[1:-1])
        for _ in range(chance.randrange(1, 8)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        for frame in Deframer().feed(b"\x7e" + spoilt + b"\x7e"):
            assert frame in (None, request(bytes(range(64))))


def test_a_payload_has_a_greatest_length():
    with pytest.raises(ValueError, match="64 bytes at most, not 65"):
        framed(request(bytes(SEGMENT + 1)))
