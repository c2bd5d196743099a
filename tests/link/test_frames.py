"""Frames of the serial link, as the computer makes and finds them."""

from binascii import crc_hqx

import pytest

from sim.link.frames import CAPACITY, Deframer, Frame, framed


def test_the_crc_is_the_one_of_the_catalogue():
    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1  # the check value of CRC-16/IBM-3740
    content = b"\x02\x00\x01ab"
    assert framed(1, b"ab")[1:-1] == content + crc_hqx(content, 0xFFFF).to_bytes(2, "big")


def test_a_frame_octet_by_octet():
    frame = framed(5, b"\x01")
    assert frame[:1] == frame[-1:] == b"\x7e"
    assert frame[1:5] == b"\x01\x00\x05\x01"
    assert len(frame) == 1 + 3 + 1 + 2 + 1


def test_flags_and_escapes_are_escaped():
    assert framed(0x7E, b"\x7d")[3:7] == b"\x7d\x5e\x7d\x5d"


@pytest.mark.parametrize("payload", [
    b"", b"\x7e", b"\x7d", b"\x7d\x5e", bytes(range(256)) * 4, b"\x7e" * CAPACITY,
], ids=lambda payload: f"{len(payload)}-{payload[:1].hex()}")
@pytest.mark.parametrize("cut", [1, 2, 7, 5000])
def test_frames_are_found_however_octets_are_cut(payload, cut):
    octets, found = framed(1, payload) + framed(2, payload[:3]), []
    deframer = Deframer()
    for start in range(0, len(octets), cut):
        found += deframer.feed(octets[start:start + cut])
    assert found == [Frame(1, payload), Frame(2, payload[:3])]


def test_one_flag_may_end_a_frame_and_begin_the_next():
    octets = framed(1, b"a")[:-1] + framed(2, b"b")
    assert Deframer().feed(octets) == [Frame(1, b"a"), Frame(2, b"b")]


def test_noise_before_a_frame_does_not_spoil_it():
    assert Deframer().feed(b"noise" + framed(1, b"a")) == [None, Frame(1, b"a")]


@pytest.mark.parametrize("spoil", [
    lambda frame: frame[:4] + b"x" + frame[5:],
    lambda frame: frame[:4] + frame[5:],
    lambda frame: frame[:4] + b"x" + frame[4:],
    lambda frame: frame[:1] + b"\x09" + frame[2:],
    lambda frame: frame[:3] + frame[-1:],
], ids=["other", "lost", "one more", "length", "short"])
def test_a_spoilt_frame_is_not_whole(spoil):
    assert Deframer().feed(spoil(framed(1, b"abcd"))) == [None]


def test_every_bit_counts():
    frame = framed(1, b"abcd")
    for bit in range(8, 8 * (len(frame) - 1)):
        spoilt = bytearray(frame)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert Frame(1, b"abcd") not in Deframer().feed(bytes(spoilt))


def test_a_payload_has_a_greatest_length():
    with pytest.raises(ValueError, match="1024 bytes at most, not 1025"):
        framed(1, bytes(CAPACITY + 1))
