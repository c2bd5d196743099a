"""Version 1 of the link, as far as a board that still speaks it can be recognised.

Its frames had a length of two bytes, a number, the payload, and CRC-16/IBM-3740; flags and escapes
are the same.
"""

from binascii import crc_hqx

from .frames import ESCAPE, FLAG, FLIP


__all__ = ["CONNECT", "greets"]


#: Request 0, to connect. A board of a later version drops it.
CONNECT = b"\x7e\x01\x00\x00\x01\xe2\x55\x7e"

#: A response to it, without its CRC, after the length.
_GREETING = b"\x00\x01\x01"


def greets(data: bytes) -> bool:
    """True if a greeting is among ``data``."""
    return any(_is_greeting(content) for content in data.split(bytes([FLAG])))


def _is_greeting(content: bytes) -> bool:
    first, *escaped = content.split(bytes([ESCAPE]))
    plain = first + b"".join(bytes([part[0] ^ FLIP]) + part[1:] for part in escaped if part)
    return plain[2:5] == _GREETING and crc_hqx(plain, 0xFFFF) == 0
