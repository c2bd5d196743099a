"""Engines: what does access vectors.

======================================  ====================================
:mod:`sim.vectors.engines.golden`       the golden model
:mod:`sim.vectors.engines.interpreted`  the gateware in Amaranth's simulator
:mod:`sim.vectors.engines.compiled`     the gateware compiled to native code
======================================  ====================================
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sim.vectors.vector import Vector, VectorOutcome

from .compiled import CxxrtlVectors
from .golden import GoldenVectors
from .interpreted import PysimVectors


__all__ = ["VECTOR_ENGINES", "VectorEngine"]


class VectorEngine(Protocol):
    """Something that does access vectors, each on a unit that was just reset.

    Attributes
    ----------
    batch : :class:`int`
        How many vectors it wants at once. They should take a second at most.
    """

    batch: int

    def run(self, vectors: Sequence[Vector]) -> list[VectorOutcome | str]:
        """What becomes of each of ``vectors``; a text says why one cannot be done.

        Raises :class:`sim.errors.Unavailable`.
        """


#: Engines by the names that the command line uses.
VECTOR_ENGINES: Mapping[str, Callable[[], VectorEngine]] = {
    "golden": GoldenVectors,
    "pysim":  PysimVectors,
    "cxxrtl": CxxrtlVectors,
}
