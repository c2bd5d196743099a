"""Engines for access vectors.

================================================  ====================================
:mod:`sim.vectors.engines.golden`                 the golden model
:mod:`sim.vectors.engines.golden_sequences`       ... for vectors of version 2
:mod:`sim.vectors.engines.interpreted`            the gateware in Amaranth's simulator
:mod:`sim.vectors.engines.interpreted_sequences`  ... for vectors of version 2
:mod:`sim.vectors.engines.compiled`               the gateware compiled to native code
:mod:`sim.vectors.engines.compiled_sequences`     ... for vectors of version 2
================================================  ====================================
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sim.vectors.sequence import AnyOutcome, AnyVector

from .compiled import CxxrtlVectors
from .golden import GoldenVectors
from .interpreted import PysimVectors


__all__ = ["VECTOR_ENGINES", "VectorEngine"]


class VectorEngine(Protocol):
    """Engine for access vectors, each on a unit that was just reset.

    Attributes
    ----------
    batch : :class:`int`
        Vectors in one call, at most. They should take a second at most.
    """

    batch: int

    def run(self, vectors: Sequence[AnyVector]) -> list[AnyOutcome | str]:
        """Return the outcome of each of ``vectors``, or a text with the reason why it has none.

        Raises :class:`sim.errors.Unavailable`.
        """


#: Engines by the names that the command line uses.
VECTOR_ENGINES: Mapping[str, Callable[[], VectorEngine]] = {
    "golden": GoldenVectors,
    "pysim":  PysimVectors,
    "cxxrtl": CxxrtlVectors,
}
