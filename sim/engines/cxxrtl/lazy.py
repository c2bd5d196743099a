"""Records that are made of rows of bytes, once somebody looks at them."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Generic, TypeVar, overload


__all__ = ["LazyRecords"]


#: Rows of which records are made together.
BLOCK = 256

RecordT = TypeVar("RecordT")


class LazyRecords(Sequence[RecordT], Generic[RecordT]):
    """Records in the order of cycles.

    They are made in blocks, and kept. A single one of a block that has not been made is made by
    itself, so that it is cheap to look for a cycle by bisection.

    Parameters
    ----------
    size : :class:`int`
        Bytes of a row.
    make : callable
        Makes the records of rows.
    """

    def __init__(self, size: int, make: Callable[[bytes], list[RecordT]]):
        self._size   = size
        self._make   = make
        self._rows   = bytearray()
        self._blocks: dict[int, list[RecordT]] = {}

    def extend(self, rows: bytes, *, again: int) -> None:
        """Add rows. The first of them, ``again`` of them, replace the last that there are."""
        kept = len(self) - again
        for block in range(kept // BLOCK, -(-len(self) // BLOCK)):
            self._blocks.pop(block, None)
        self._rows[kept * self._size:] = rows

    def __len__(self) -> int:
        return len(self._rows) // self._size

    def __iter__(self) -> Iterator[RecordT]:
        return iter(self[:])

    @overload
    def __getitem__(self, index: int) -> RecordT: ...

    @overload
    def __getitem__(self, index: slice) -> list[RecordT]: ...

    def __getitem__(self, index: int | slice) -> RecordT | list[RecordT]:
        """One of them, or some, as a list."""
        if isinstance(index, slice):
            return self._part(*index.indices(len(self)))
        place = range(len(self))[index]
        made  = self._blocks.get(place // BLOCK)
        return made[place % BLOCK] if made else self._made(place, place + 1)[0]

    def _part(self, start: int, stop: int, step: int) -> list[RecordT]:
        if step != 1:
            return [self[place] for place in range(start, stop, step)]
        first = start // BLOCK
        with _uncollected():
            found = list(chain.from_iterable(map(self._block, range(first, -(-stop // BLOCK)))))
        return found[start - first * BLOCK:stop - first * BLOCK]

    def _block(self, number: int) -> list[RecordT]:
        if number not in self._blocks:
            self._blocks[number] = self._made(number * BLOCK, (number + 1) * BLOCK)
        return self._blocks[number]

    def _made(self, start: int, stop: int) -> list[RecordT]:
        return self._make(bytes(self._rows[start * self._size:stop * self._size]))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the garbage collector wait until many records are made, none of which is garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
