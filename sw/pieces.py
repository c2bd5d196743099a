"""How a string of bytes is cut into accesses.

Ref: Intel SDM Vol. 1, section 7.3.9.3 "Fast-String Operation".
"""

from collections.abc import Iterator


__all__ = ["CHUNK", "pieces"]


_64_BITS = (1 << 64) - 1

#: Most bytes that a processor hands over at a time: where a string instruction can be interrupted.
CHUNK = 512


def pieces(linear: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut ``count`` bytes at ``linear`` into naturally aligned accesses: address and size.

    An aligned access of up to 8 bytes is within one page, so that a fault stops the operation at
    the first byte of the page, as it would byte by byte. Behind the last address comes 0.
    """
    while count:
        size = 8
        while linear % size or size > count:
            size //= 2
        yield linear, size
        linear = linear + size & _64_BITS
        count -= size
