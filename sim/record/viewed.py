"""Signals of a waveform, kept for what is made of a run when it is over."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .waves import Shown, Wave


__all__ = ["Viewed"]


class Viewed:
    """The signals of a waveform, in memory.

    Attributes
    ----------
    signals : sequence of :class:`.waves.Shown`
        The signals, in the order in which their values are packed, lowest bits first.
    rows : :class:`list`
        Cycles in which one of them changes, each with the values of all, packed.
    """

    def __init__(self) -> None:
        self.signals: Sequence[Shown]      = ()
        self.rows: list[tuple[int, int]] = []

    @contextmanager
    def opened(self, signals: Sequence[Shown]) -> Iterator[Wave]:
        """Take the signals of a run; a :data:`.waves.WaveSink`."""
        self.signals = signals
        yield self

    def step(self, cycle: int, bits: int) -> None:
        """Take one cycle."""
        if not self.rows or bits != self.rows[-1][1]:
            self.rows.append((cycle, bits))
