"""Access vectors on the compiled gateware, batch by batch in C++."""

from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice

from sim.engines.cxxrtl.vectors import CompiledVectors
from sim.vectors.sequence import AnyOutcome, AnyVector, SequenceVector
from sim.vectors.support import control_writes, lacking, refused
from sim.vectors.vector import AC, KINDS, Vector, VectorOutcome, entry_size
from sw.bus import Register

from .compiled_sequences import HUNG, REGISTERS, Rows, SequencePlayer, ending, how


__all__ = ["CxxrtlVectors"]


#: Kind, size, user and implicit of an access, packed.
_HOW = {
    (name, size, implicit, cpl): how(kind, size, implicit, cpl)
    for name, kind in KINDS.items() for size in (1, 2, 4, 8) for implicit in (0, 1)
    for cpl in (0, 3)
}

_RFLAGS = REGISTERS[Register.RFLAGS]


class CxxrtlVectors:
    """A :class:`sim.vectors.engines.VectorEngine` that never leaves C++ within a batch.

    Parameters
    ----------
    unit : :class:`.compiled_sequences.Rows` or :class:`None`
        Unit for vectors of version 1; None: one that is compiled when the first comes.
    """

    #: Few enough for the processor's cache to hold them.
    batch = 64

    def __init__(self, unit: Rows | None = None) -> None:
        self._unit      = unit
        self._sequences = SequencePlayer()

    def run(self, vectors: Sequence[AnyVector]) -> list[AnyOutcome | str]:
        """Return the outcome of each of ``vectors``, or the reason why it has none."""
        sequences = [vector for vector in vectors if isinstance(vector, SequenceVector)]
        played    = iter(self._sequences.play(sequences))
        done      = self._done([vector for vector in vectors if isinstance(vector, Vector)])
        return [next(played if isinstance(vector, SequenceVector) else done)
                for vector in vectors]

    def _done(self, vectors: Sequence[Vector]) -> Iterator[VectorOutcome | str]:
        reasons = [lacking(vector) for vector in vectors]
        found   = self._run([vector for vector, reason in zip(vectors, reasons, strict=True)
                             if reason is None])
        return (next(found) if reason is None else reason for reason in reasons)

    def _run(self, vectors: Sequence[Vector]) -> Iterator[VectorOutcome | str]:
        if vectors and self._unit is None:
            self._unit = CompiledVectors()
        numbers: list[int] = []
        size  = sum([_pack(vector, numbers) for vector in vectors])
        found = iter(self._unit.run(array("Q", numbers), len(vectors), size) if self._unit else ())
        return (_unpack(vector, found) for vector in vectors)


@lru_cache(maxsize=65536)
def _controls(writes: tuple[tuple[Register, int], ...]) -> tuple[int, ...]:
    """Return the operations that do these writes."""
    return tuple(number for register, value in writes
                 for number in (0, REGISTERS[register], value))


def _pack(vector: Vector, numbers: list[int]) -> int:
    """Add a vector to ``numbers``; return the count of numbers in its outcome."""
    _, cr0, _, cr4, efer, _, _, maxphyaddr, access, entries, before = vector
    steps      = (*before, access) if before else (access,)
    operations = [*_controls(control_writes(vector))]
    last       = 0
    for kind, linear, size, implicit, cpl, ac in steps:
        if ac != last:
            operations += (0, _RFLAGS, AC * ac)
            last = ac
        operations += (1, linear, _HOW[kind, size, implicit, cpl])
    numbers += (maxphyaddr, len(entries), entry_size(cr0, cr4, efer), len(operations) // 3)
    numbers += chain.from_iterable(entries)
    numbers += operations
    return 2 + 4 * len(steps) + len(entries)


def _unpack(vector: Vector, found: Iterator[int]) -> VectorOutcome | str:
    """Return the outcome of ``vector``, whose numbers are the next of ``found``."""
    refusal, cycles = islice(found, 2)
    before  = [ending(*islice(found, 4)) for _ in vector.before or ()]
    last    = ending(*islice(found, 4))
    entries = list(islice(found, len(vector.entries)))
    if not refusal:
        return VectorOutcome(last, entries, before, cycles)
    if refusal == HUNG:
        return "the unit did not answer"
    return refused(*control_writes(vector)[refusal - 1])
