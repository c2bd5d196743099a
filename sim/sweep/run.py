"""A sweep: its parts, and what workers have found in them.

A range of cases is cut at the same places whoever does it, and whatever is added up comes from the
parts alone: so all counts are the same with any number of workers, and after any interruption.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sim.explore.pool import Pool

from .block import Difference, block
from .rules import CAUSES
from .sample import agrees, drawn
from .smallest import weight
from .spaces import BLOCK, SPACES, Case, case_at, number_of
from .state import State
from .unit import outcome, unit


__all__ = ["PART", "Part", "Result", "do_part", "parts", "sweep"]


#: Cases of a part, and how many of each of its blocks are drawn for the golden model.
PART  = 64 * BLOCK
DRAWN = 1


class Part(NamedTuple):
    """Results of a part.

    Attributes
    ----------
    causes : list of list of :class:`int`
        For each of :data:`.spaces.SPACES`, how many cases have ended so, by the rules, for each of
        :data:`.rules.CAUSES`.
    differences : :class:`int`
        Cases that ended otherwise on the unit.
    smallest : list of :class:`int`
        Of these, the case with the fewest conditions: its weight, its number, and its outcome on
        the unit as :func:`.unit.outcome` takes it. Empty if there is none.
    drawn : :class:`int`
        Cases that were drawn for the golden model.
    wrong : list of :class:`int`
        Numbers of those for which it has another outcome than the rules.
    """

    causes:      list[list[int]]
    differences: int
    smallest:    list[int]
    drawn:       int
    wrong:       list[int]


@dataclass
class Result:
    """Results of a sweep: those of its parts, added up.

    Attributes
    ----------
    first, stop : :class:`int`
        Numbers of the first case, and of that after the last.
    """

    first:       int
    stop:        int
    causes:      list[list[int]] = field(
        default_factory=lambda: [[0] * len(CAUSES) for _ in SPACES])
    differences: int = 0
    smallest:    list[int] = field(default_factory=list)
    drawn:       int = 0
    wrong:       list[int] = field(default_factory=list)

    @property
    def difference(self) -> Difference | None:
        """The difference with the fewest conditions."""
        if not self.smallest:
            return None
        _, number, *row = self.smallest
        return Difference(case_at(number), outcome(row))

    def add(self, part: Part) -> None:
        """Add a part."""
        for counts, more in zip(self.causes, part.causes, strict=True):
            counts[:] = map(int.__add__, counts, more)
        self.differences += part.differences
        self.smallest = min(filter(None, (self.smallest, part.smallest)), default=[])
        self.drawn   += part.drawn
        self.wrong   += part.wrong


def parts(first: int, stop: int) -> list[tuple[int, int]]:
    """Parts of a range of cases: the first case of each, and that after its last."""
    cuts = [first, *range(first // PART * PART + PART, stop, PART), stop]
    return list(zip(cuts, cuts[1:], strict=False))


def sweep(first: int, stop: int, pool: Pool, state: State,
          progress: Callable[[int], None] = lambda done: None) -> Result:
    """Carry out the cases from ``first`` to before ``stop``, but for those that ``state`` knows."""
    result = Result(first, stop)
    every  = parts(first, stop)
    found: Iterator[Part] = pool.calls(do_part, [part for part in every if part not in state])
    for part in every:
        if part in state:
            done = Part(*state.take(part))
        else:
            done = next(found)
            state.add(part, done)
        result.add(done)
        progress(part[1] - first)
    return result


def do_part(first: int, stop: int) -> Part:
    """Carry out a part. Raises :class:`sim.errors.Unavailable`."""
    units  = unit()
    result = Result(first, stop)
    for start in range(first // BLOCK * BLOCK, stop, BLOCK):
        space, number, _ = case_at(start)
        done  = block(units, space, number)
        lanes = slice(max(first - start, 0), min(stop - start, BLOCK))
        causes  = np.bincount(done.expected.cause[lanes], minlength=len(CAUSES)).tolist()
        differs = [found for found in done.differences
                   if lanes.start <= found.case.lane < lanes.stop]
        tried   = [case for case in drawn(space, number, DRAWN)
                   if lanes.start <= case.lane < lanes.stop]
        wrong   = [_number(case) for case in tried if not agrees(case, done.expected)]
        counts  = [causes if space is other else [0] * len(CAUSES) for other in SPACES]
        result.add(Part(counts, len(differs), _smallest(differs), len(tried), wrong))
    return Part(result.causes, result.differences, result.smallest, result.drawn, result.wrong)


def _smallest(differs: list[Difference]) -> list[int]:
    found = [(weight(difference.case), _number(difference.case), difference)
             for difference in differs]
    if not found:
        return []
    least, number, (_, ended) = min(found, key=lambda entry: entry[:2])
    *numbers, cells = ended
    return [least, number, *map(int, numbers), *cells]


def _number(case: Case) -> int:
    return number_of(case.space, case.values)
