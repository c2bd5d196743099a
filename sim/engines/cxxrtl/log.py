"""Log of a compiled machine, read back into samples."""

from collections.abc import Iterator, Sequence

from amaranth import Value

from sim.record.signals import Sample


__all__ = ["LogReader", "view_rows"]


class LogReader:
    """Reads the rows of one processor's log, in which only what changes is written.

    Parameters
    ----------
    signals : sequence of :class:`Value`
        The signals of a sample.
    """

    def __init__(self, signals: Sequence[Value]):
        self._chunks = [-(-len(signal) // 32) for signal in signals]
        self._last   = [0] * len(signals)
        self._changed: dict[int, list[tuple[int, int]]] = {}

    def rows(self, words: memoryview) -> Iterator[tuple[int, Sample]]:
        """The cycles that are in ``words``, and the signals in each."""
        last, index, end = self._last, 0, len(words)
        while index < end:
            cycle  = words[index] | words[index + 1] << 32
            mask   = words[index + 2]
            index += 3
            for signal, chunks in self._changes(mask):
                if chunks == 1:
                    last[signal] = words[index]
                else:
                    last[signal] = int.from_bytes(words[index:index + chunks], "little")
                index += chunks
            yield cycle, Sample._make(last)

    def _changes(self, mask: int) -> list[tuple[int, int]]:
        """The signals whose bit is set in ``mask``, and their sizes in words."""
        if mask not in self._changed:
            self._changed[mask] = [(signal, chunks) for signal, chunks in enumerate(self._chunks)
                                   if mask >> signal & 1]
        return self._changed[mask]


def view_rows(words: memoryview, width: int) -> Iterator[tuple[int, int]]:
    """The cycles in a log of views that are ``width`` bits wide, and the view in each."""
    stride = 2 + -(-width // 32)
    for start in range(0, len(words), stride):
        row = int.from_bytes(words[start:start + stride], "little")
        yield row & (1 << 64) - 1, row >> 64
