"""Schedules of several processors: time slices, which can be written down and replayed.

In a time slice only one processor begins operations and has its transfers accepted by memory; the
others wait where they are. It lasts a number of steps. A step is what the other processors could
see: a transfer of physical memory, a control operation, an interrupt sent or taken. A processor
that has nothing to do, because it has ended or waits for an interrupt, gives up the rest of its
slice. Without slices all processors run, and the arbiter is fair.

A machine is deterministic, so the same slices are the same run, cycle by cycle.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple


__all__ = ["Dispatcher", "Schedule", "TimeSlice", "parse", "render", "seeded"]


#: Most steps in a time slice that is drawn.
LONGEST = 8

#: Most steps in any time slice.
MOST = 1_000_000_000

#: Characters of a wrong time slice that a complaint shows.
SHOWN = 40


class TimeSlice(NamedTuple):
    """Processor number ``cpu`` alone, for ``steps`` steps."""

    cpu:   int
    steps: int


class Schedule:
    """The slices to come, and a record of those that have begun.

    Attributes
    ----------
    executed : :class:`list` of :class:`TimeSlice`
        Time slices that have begun.
    version : :class:`int`
        Changes when the plan does, so that an engine that has looked ahead notices.
    """

    def __init__(self, slices: Iterable[TimeSlice] = ()):
        self.executed: list[TimeSlice] = []
        self.version = 0
        self._coming = iter(slices)

    def follow(self, slices: Iterable[TimeSlice]) -> None:
        """From now on take these slices, which may be without an end, instead of those planned."""
        self.version += 1
        self._coming  = iter(slices)

    def coming(self, cpus: int) -> TimeSlice | None:
        """The next slice that is planned for one of ``cpus`` processors; None if there is none.

        Raises :class:`ValueError` for a time slice that cannot be.
        """
        time_slice = next(self._coming, None)
        if time_slice is None:
            return None
        if not (0 <= time_slice.cpu < cpus and 0 < time_slice.steps <= MOST):
            raise ValueError(_complaint(render([time_slice]), cpus))
        return time_slice


class Dispatcher:
    """A schedule, carried out cycle by cycle: which processors must wait.

    Parameters
    ----------
    schedule : :class:`Schedule`
        The plan.
    cpus : :class:`int`
        How many processors there are.
    """

    def __init__(self, schedule: Schedule, cpus: int):
        self._schedule = schedule
        self._cpus     = cpus
        self._all      = (1 << cpus) - 1
        self._version  = schedule.version
        self._slice: TimeSlice | None = None
        self._left     = 0

    def begin(self) -> int:
        """Begin a cycle; return the processors that must wait in it, a bit each."""
        if self._version != self._schedule.version:
            self._version, self._slice = self._schedule.version, None
        if self._slice is None:
            self._slice = self._schedule.coming(self._cpus)
            if self._slice is None:
                return 0
            self._schedule.executed.append(self._slice)
            self._left = self._slice.steps
        return self._all & ~(1 << self._slice.cpu)

    def end(self, steps: Sequence[int], idle: Sequence[bool]) -> None:
        """End a cycle, in which the processors made ``steps``, or had nothing to do."""
        if self._slice is None:
            return
        self._left -= steps[self._slice.cpu]
        if self._left <= 0 or idle[self._slice.cpu]:
            self._slice = None


class _Drawn(Iterator[TimeSlice]):
    """Slices drawn at random. Not a generator, so that a schedule can go to another process."""

    def __init__(self, seed: int, cpus: int):
        self._random = Random(seed)
        self._cpus   = cpus

    def __next__(self) -> TimeSlice:
        return TimeSlice(self._random.randrange(self._cpus), self._random.randint(1, LONGEST))


def seeded(seed: int, cpus: int) -> Iterator[TimeSlice]:
    """Time slices drawn at random, without an end; the same for the same seed."""
    return _Drawn(seed, cpus)


def parse(text: str, cpus: int) -> list[TimeSlice]:
    """Time slices from a text such as "0:3 1:12". Raises :class:`ValueError`."""
    slices = []
    for word in text.split():
        found = re.fullmatch(r"(\d{1,10}):(\d{1,10})", word)
        if found is None or int(found[1]) >= cpus or not 1 <= int(found[2]) <= MOST:
            raise ValueError(_complaint(word, cpus))
        slices.append(TimeSlice(int(found[1]), int(found[2])))
    return slices


def render(slices: Iterable[TimeSlice]) -> str:
    """The text that :func:`parse` reads."""
    return " ".join(f"{time_slice.cpu}:{time_slice.steps}" for time_slice in slices)


def _complaint(word: str, cpus: int) -> str:
    return (f'"{word[:SHOWN]}" is not a time slice: write CPU:STEPS, with a CPU from 0 to '
            f"{cpus - 1} and 1 to {MOST} steps")
