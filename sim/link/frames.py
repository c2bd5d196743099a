"""Frames of octets, after HDLC: flags, escapes, length, sequence number, CRC.

Ref: RFC 1662, section 4 "Octet-stuffed framing"; CRC-16/IBM-3740.
"""

from binascii import crc_hqx
from typing import NamedTuple


__all__ = ["CAPACITY", "Deframer", "Frame", "framed"]


FLAG   = 0x7E
ESCAPE = 0x7D
FLIP   = 0x20  #: What an escaped octet is XORed with.

#: Octets of the longest payload.
CAPACITY = 1024

#: Octets before and after the payload.
HEADER, TRAILER = 3, 2


class Frame(NamedTuple):
    """A whole frame: its sequence number, and its payload."""

    number:  int
    payload: bytes


def framed(number: int, payload: bytes) -> bytes:
    """The octets of a frame, between two flags."""
    if len(payload) > CAPACITY:
        raise ValueError(f"a payload has {CAPACITY} bytes at most, not {len(payload)!r}")
    content = len(payload).to_bytes(2, "little") + bytes([number]) + payload
    content += _crc(content).to_bytes(2, "big")
    # The escape first: the other one brings escapes in.
    for octet in (ESCAPE, FLAG):
        content = content.replace(bytes([octet]), bytes([ESCAPE, octet ^ FLIP]))
    return bytes([FLAG]) + content + bytes([FLAG])


class Deframer:
    """Finds frames in octets, however these are cut."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, octets: bytes) -> list[Frame | None]:
        """Take octets; return the frames that have ended, None for each that is not whole."""
        *ended, self._begun = (self._begun + octets).split(bytes([FLAG]))
        return [_opened(content) for content in ended if content]


def _opened(content: bytes) -> Frame | None:
    plain, escaped = bytearray(), False
    for octet in content:
        if octet == ESCAPE:
            escaped = True
        else:
            plain.append(octet ^ FLIP if escaped else octet)
            escaped = False
    length = len(plain) - HEADER - TRAILER
    if not 0 <= length <= CAPACITY or int.from_bytes(plain[:2], "little") != length:
        return None
    # The CRC of a whole that ends with its CRC is zero.
    return None if _crc(bytes(plain)) else Frame(plain[2], bytes(plain[HEADER:-TRAILER]))


def _crc(octets: bytes) -> int:
    return crc_hqx(octets, 0xFFFF)
