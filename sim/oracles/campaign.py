"""A campaign: vectors on ours and on an oracle, and what became of each."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from sim.vectors.engines import VectorEngine
from sim.vectors.sequence import SequenceVector
from sim.vectors.vector import Vector, VectorOutcome

from .compare import judged
from .engine import OracleVectors
from .lines import result_line


__all__ = ["Campaign", "Difference"]


#: Differences that are kept, so that memory does not grow.
_KEPT = 20


@dataclass(frozen=True)
class Difference:
    """A vector that the two do not end in the same way, and no known deviation says why.

    Attributes
    ----------
    vector : :class:`sim.vectors.vector.Vector`
        The vector.
    texts : list of :class:`str`
        What differs.
    """

    vector: Vector
    texts:  list[str]


@dataclass
class Campaign:
    """Counts of a comparison.

    Attributes
    ----------
    vectors, compared, agreed, differed, unplaced : :class:`int`
        Vectors in all; those that both have done; those that agree in everything; those with a
        difference that nobody knows; those of which it was not seen where an access went.
    deviations : :class:`collections.Counter`
        Vectors by known deviation.
    left_out : :class:`collections.Counter`
        Vectors that were not compared, by reason.
    differences : list of :class:`Difference`
        The first ones.
    """

    vectors:     int                = 0
    compared:    int                = 0
    agreed:      int                = 0
    differed:    int                = 0
    unplaced:    int                = 0
    deviations:  Counter[str]       = field(default_factory=Counter)
    left_out:    Counter[str]       = field(default_factory=Counter)
    differences: list[Difference]   = field(default_factory=list)

    def run(self, vectors: Iterable[Vector | SequenceVector], ours: VectorEngine, name: str,
            oracle: OracleVectors, progress: Callable[[int], None],
            results: IO[str] | None) -> None:
        """Compare all ``vectors`` on ``ours`` with the oracle of that name.

        ``progress`` is called with their number so far; ``results`` gets a line for each. Raises
        :class:`sim.errors.Unavailable`.
        """
        source = iter(vectors)
        while batch := list(islice(source, min(ours.batch, oracle.batch))):
            for vector, mine, theirs in zip(batch, ours.run(batch), oracle.run(batch), strict=True):
                self._add(name, vector, mine, theirs, results)
            progress(self.vectors)

    def _add(self, name: str, vector: Vector | SequenceVector, mine: object, theirs: object,
             results: IO[str] | None) -> None:
        self.vectors += 1
        if results is not None:
            results.write(result_line(vector, mine, theirs))
        reason = mine if isinstance(mine, str) else theirs
        if isinstance(reason, str):
            self.left_out[reason] += 1
            return
        assert isinstance(vector, Vector)
        assert isinstance(mine, VectorOutcome)
        assert isinstance(theirs, VectorOutcome)
        verdict = judged(name, vector, mine, theirs)
        self.compared += 1
        self.unplaced += not verdict.placed
        self.deviations.update(verdict.deviations)
        if verdict.differences:
            self.differed += 1
            if len(self.differences) < _KEPT:
                self.differences.append(Difference(vector, verdict.differences))
        elif not verdict.deviations:
            self.agreed += 1
