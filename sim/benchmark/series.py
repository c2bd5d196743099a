"""Repetitions of one workload, and the best of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


__all__ = ["REPETITIONS", "Figure", "Figures", "Series"]


#: Repetitions of each workload, after those that warm up.
REPETITIONS = 5

#: Share of the time for one repetition from which on its duration is precise enough.
PRECISE = 1 / 10


@dataclass(frozen=True)
class Figure:
    """Speed of one workload on one engine.

    Attributes
    ----------
    work, engine : :class:`str`
        Names of the workload and of the engine.
    count : :class:`int`
        Times that it was done in the best repetition.
    cycles : :class:`int` or :class:`None`
        Cycles of that repetition, where they are counted.
    seconds : :class:`float`
        Duration of that repetition.
    """

    work:    str
    engine:  str
    count:   int
    cycles:  int | None
    seconds: float

    @property
    def per_second(self) -> float:
        """Times that it is done in a second."""
        return self.count / self.seconds

    @property
    def cycles_per_second(self) -> float | None:
        """Cycles in a second, if they were counted."""
        return None if self.cycles is None else self.cycles / self.seconds


#: Figures by work and engine.
Figures = Mapping[tuple[str, str], Figure]


class Series:
    """Repetitions of a workload, whose counts are chosen so that each takes its share of the time.

    For each count of :meth:`warm_up`, and then of :meth:`counts`, its user calls :meth:`begin`,
    does the work, and calls :meth:`end`.

    Parameters
    ----------
    work, engine : :class:`str`
        As in a :class:`Figure`. They are attributes too.
    seconds : :class:`float`
        Time for all repetitions. Each does the work once at least, however long that takes.
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
        """Yield counts of the work to do next, until its duration is known."""
        count = 1
        yield count
        while self._figures[-1].seconds < self._aim * PRECISE:
            count *= 2
            yield count

    def counts(self) -> Iterator[int]:
        """Yield counts of the work to do next, for the repetitions that are figures."""
        count = max(1, round(self._aim * self._figures[-1].per_second))
        self._figures.clear()
        for _ in range(REPETITIONS):
            yield count

    def begin(self) -> None:
        """Start the clock."""
        self._since = self._cycle() if self._cycle else 0
        self._begun = self._clock()

    def end(self, count: int) -> None:
        """Stop the clock: the work has been done ``count`` times."""
        seconds = self._clock() - self._begun
        cycles  = self._cycle() - self._since if self._cycle else None
        self._figures.append(Figure(self.work, self.engine, count, cycles, seconds))
