"""Repetitions of one work, and the best of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


__all__ = ["REPETITIONS", "Figure", "Figures", "Series"]


#: Of each work, after those that warm it up.
REPETITIONS = 5

#: Shortest part of the time for one repetition whose length says something.
TELLING = 1 / 10


@dataclass(frozen=True)
class Figure:
    """How fast one work was done.

    Attributes
    ----------
    work, engine : :class:`str`
        Which, and by what.
    count : :class:`int`
        How often it was done in the best repetition.
    cycles : :class:`int` or :class:`None`
        How long that took. None: nobody counted.
    seconds : :class:`float`
        How long that took.
    """

    work:    str
    engine:  str
    count:   int
    cycles:  int | None
    seconds: float

    @property
    def per_second(self) -> float:
        """How often it is done in a second."""
        return self.count / self.seconds

    @property
    def cycles_per_second(self) -> float | None:
        """Cycles in a second, if they were counted."""
        return None if self.cycles is None else self.cycles / self.seconds


#: Figures by work and engine.
Figures = Mapping[tuple[str, str], Figure]


class Series:
    """Decides how often a work is done, and keeps what it took.

    For each count of :meth:`warm_up`, and then of :meth:`counts`, its user calls :meth:`begin`,
    does the work, and calls :meth:`end`.

    Parameters
    ----------
    work, engine : :class:`str`
        As in a :class:`Figure`. They are attributes too.
    seconds : :class:`float`
        How long all repetitions should take. Each does the work once
        at least, however long it takes.
    clock : callable
        The time in seconds.
    cycle : callable
        The cycle that the machine is in, if it counts them.
    """

    def __init__(
        self, work: str, engine: str, *, seconds: float, clock: Callable[[], float],
        cycle: Callable[[], int] | None = None,
    ):
        self.work     = work
        self.engine   = engine
        self._aim     = seconds / REPETITIONS
        self._clock   = clock
        self._cycle   = cycle
        self._figures: list[Figure] = []

    @property
    def best(self) -> Figure:
        """The fastest repetition."""
        return max(self._figures, key=lambda figure: figure.per_second)

    def warm_up(self) -> Iterator[int]:
        """How often to do the work next, until it is known how long it takes."""
        count = 1
        yield count
        while self._figures[-1].seconds < self._aim * TELLING:
            count *= 2
            yield count

    def counts(self) -> Iterator[int]:
        """How often to do the work next, in earnest."""
        count = max(1, round(self._aim * self._figures[-1].per_second))
        self._figures.clear()
        for _ in range(REPETITIONS):
            yield count

    def begin(self) -> None:
        """Start the clock."""
        self._since = self._cycle() if self._cycle else 0
        self._begun = self._clock()

    def end(self, count: int) -> None:
        """Stop it: the work has been done ``count`` times."""
        seconds = self._clock() - self._begun
        cycles  = self._cycle() - self._since if self._cycle else None
        self._figures.append(Figure(self.work, self.engine, count, cycles, seconds))
