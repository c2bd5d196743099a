"""Frames of bytes, after HDLC: flags, escapes, header, CRC.

Ref: RFC 1662, section 4 "Octet-stuffed framing"; CRC-32/ISO-HDLC.
"""

from binascii import crc32
from typing import NamedTuple


__all__ = ["SEGMENT", "SEGMENTS", "Deframer", "Frame", "framed"]


FLAG   = 0x7E
ESCAPE = 0x7D
FLIP   = 0x20  #: The mask with which an escaped byte is XORed.

#: Bytes of the longest payload, and segments of the longest request or response.
SEGMENT, SEGMENTS = 64, 16

#: Bytes before and after the payload.
HEADER, TRAILER = 3, 4

_LAST, _RESPONSE = 1 << 4, 1 << 7


class Frame(NamedTuple):
    """A whole frame.

    ``about`` is the kind of a response; in a request, the first segment of the response to send in
    bits 0-3, and the last in bits 4-7.
    """

    response: bool  #: Sent by a board, not by a computer.
    number:   int
    segment:  int
    last:     bool
    about:    int
    payload:  bytes


def framed(frame: Frame) -> bytes:
    """The bytes of a frame, between two flags."""
    if len(frame.payload) > SEGMENT:
        raise ValueError(f"a payload has {SEGMENT} bytes at most, not {len(frame.payload)!r}")
    first    = frame.segment | frame.last * _LAST | frame.response * _RESPONSE
    content  = bytes([first, frame.number, frame.about]) + frame.payload
    content += crc32(content).to_bytes(TRAILER, "little")
    # The escape first: the other one brings escapes in.
    for byte in (ESCAPE, FLAG):
        content = content.replace(bytes([byte]), bytes([ESCAPE, byte ^ FLIP]))
    return bytes([FLAG]) + content + bytes([FLAG])


class Deframer:
    """Finds frames in bytes, however these are cut."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> list[Frame | None]:
        """Take bytes; return the frames that have ended, None for each that is not whole."""
        *ended, begun = (self._begun + data).split(bytes([FLAG]))
        # Of what is too long to be whole, so much is kept that it still is.
        self._begun = begun[:2 * (HEADER + SEGMENT + TRAILER) + 1]
        return [_opened(content) for content in ended if content]


def _opened(content: bytes) -> Frame | None:
    plain, escaped = bytearray(), False
    for byte in content:
        if byte == ESCAPE:
            escaped = True
        else:
            plain.append(byte ^ FLIP if escaped else byte)
            escaped = False
    length = len(plain) - HEADER - TRAILER
    if not 0 <= length <= SEGMENT or escaped:
        return None
    if crc32(plain[:-TRAILER]).to_bytes(TRAILER, "little") != plain[-TRAILER:]:
        return None
    first, number, about = plain[:HEADER]
    return Frame(bool(first & _RESPONSE), number, first & SEGMENTS - 1, bool(first & _LAST), about,
                 bytes(plain[HEADER:-TRAILER]))
