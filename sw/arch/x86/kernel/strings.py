"""How a string instruction cuts its operands into accesses.

Ref: Intel SDM Vol. 1, section 7.3.9.3 "Fast-String Operation".
"""

from collections.abc import Iterator


__all__ = ["BURST", "CHUNK", "chunk_size", "pieces"]


#: Most accesses that are given to the machine at a time, and the bytes that they move.
BURST = 64
CHUNK = BURST * 8


def pieces(linear: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut ``count`` bytes at ``linear`` into naturally aligned accesses: address and size.

    An aligned access of up to 8 bytes is within one page, so that a fault stops the operation at
    the first byte of the page, as it would byte by byte.
    """
    while count:
        size = 8
        while linear % size or size > count:
            size //= 2
        yield linear, size
        linear += size
        count  -= size


def chunk_size(to: int, from_: int, count: int) -> int:
    """Bytes that can be loaded together before the first of them is stored.

    A forward copy to a little above its source reads what it has written; so no more than the
    distance.
    """
    distance = to - from_
    return min(count, CHUNK, distance if distance > 0 else count)
