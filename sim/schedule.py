"""Which processor goes on, and for how long: turns, which can be written down and replayed.

In a turn only one processor begins operations and has its transfers taken by memory; the others
wait where they are. A turn lasts a number of steps. A step is what the other processors could see:
a transfer of physical memory, a control operation, an interrupt sent or taken. A processor that
has nothing to do, because it has ended or waits for an interrupt, passes its turn. Without turns
all processors run, and the arbiter is fair.

A machine is deterministic, so the same turns are the same run, cycle by cycle.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple


__all__ = ["Schedule", "Turn", "Turns", "parse", "seeded", "written"]


#: Most steps in a turn that is drawn.
LONGEST = 8

#: Most steps in any turn.
MOST = 1_000_000_000

#: Characters of a wrong turn that a complaint shows.
SHOWN = 40


class Turn(NamedTuple):
    """Processor number ``cpu`` alone, for ``steps`` steps."""

    cpu:   int
    steps: int


class Schedule:
    """The turns to come, and a record of those that have begun.

    Attributes
    ----------
    taken : :class:`list` of :class:`Turn`
        Turns that have begun.
    version : :class:`int`
        Changes when the plan does, so that an engine that has looked ahead notices.
    """

    def __init__(self, turns: Iterable[Turn] = ()):
        self.taken: list[Turn] = []
        self.version = 0
        self._coming = iter(turns)

    def follow(self, turns: Iterable[Turn]) -> None:
        """From now on take these turns, which may be without an end, instead of those planned."""
        self.version += 1
        self._coming  = iter(turns)

    def coming(self, cpus: int) -> Turn | None:
        """The next turn that is planned for one of ``cpus`` processors; None if there is none.

        Raises :class:`ValueError` for a turn that cannot be.
        """
        turn = next(self._coming, None)
        if turn is not None and not (0 <= turn.cpu < cpus and 0 < turn.steps <= MOST):
            raise ValueError(_complaint(written([turn]), cpus))
        return turn


class Turns:
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
        self._turn: Turn | None = None
        self._left     = 0

    def begin(self) -> int:
        """Begin a cycle; return the processors that must wait in it, a bit each."""
        if self._version != self._schedule.version:
            self._version, self._turn = self._schedule.version, None
        if self._turn is None:
            self._turn = self._schedule.coming(self._cpus)
            if self._turn is None:
                return 0
            self._schedule.taken.append(self._turn)
            self._left = self._turn.steps
        return self._all & ~(1 << self._turn.cpu)

    def end(self, steps: Sequence[int], idle: Sequence[bool]) -> None:
        """End a cycle, in which the processors made ``steps``, or had nothing to do."""
        if self._turn is None:
            return
        self._left -= steps[self._turn.cpu]
        if self._left <= 0 or idle[self._turn.cpu]:
            self._turn = None


class _Drawn(Iterator[Turn]):
    """Turns drawn at random. Not a generator, so that a schedule can go to another process."""

    def __init__(self, seed: int, cpus: int):
        self._random = Random(seed)
        self._cpus   = cpus

    def __next__(self) -> Turn:
        return Turn(self._random.randrange(self._cpus), self._random.randint(1, LONGEST))


def seeded(seed: int, cpus: int) -> Iterator[Turn]:
    """Turns drawn at random, without an end; the same for the same seed."""
    return _Drawn(seed, cpus)


def parse(text: str, cpus: int) -> list[Turn]:
    """Turns from a text such as "0:3 1:12". Raises :class:`ValueError`."""
    turns = []
    for word in text.split():
        found = re.fullmatch(r"(\d{1,10}):(\d{1,10})", word)
        if found is None or int(found[1]) >= cpus or not 1 <= int(found[2]) <= MOST:
            raise ValueError(_complaint(word, cpus))
        turns.append(Turn(int(found[1]), int(found[2])))
    return turns


def written(turns: Iterable[Turn]) -> str:
    """The text that :func:`parse` reads."""
    return " ".join(f"{turn.cpu}:{turn.steps}" for turn in turns)


def _complaint(word: str, cpus: int) -> str:
    return (f'"{word[:SHOWN]}" is not a turn: write CPU:STEPS, with a CPU from 0 to {cpus - 1} '
            f"and 1 to {MOST} steps")
