"""Access vectors on the compiled gateware, batch by batch in C++."""

from array import array
from collections.abc import Sequence
from functools import lru_cache

from hw.bus import Register as HwRegister
from hw.config import MmuConfig
from hw.layout import AccessKind, Fault
from sim.engines.cxxrtl.vectors import CompiledVectors
from sim.vectors.support import AC, control_writes, lacking, refused
from sim.vectors.vector import KINDS, Ending, Outcome, Vector, entry_size
from sw.bus import Register


__all__ = ["CxxrtlVectors"]


_REGISTERS = {register: HwRegister[register.name].value for register in Register}
_RFLAGS    = _REGISTERS[Register.RFLAGS]

#: Kind, size, user and implicit of an access, as vectors.h packs them.
_HOW = {
    (name, size, implicit, cpl): AccessKind[kind.name].value | size << 8 | (cpl == 3) << 16
    | implicit << 24
    for name, kind in KINDS.items() for size in (1, 2, 4, 8) for implicit in (0, 1)
    for cpl in (0, 3)
}

_NONE, _PAGE = Fault.NONE.value, Fault.PAGE_FAULT.value

#: First number of an outcome without one: the unit did not answer.
_HUNG = (1 << 64) - 1


class CxxrtlVectors:
    """A :class:`sim.vectors.engines.VectorEngine` that never leaves C++ within a batch."""

    batch = 4096

    def __init__(self) -> None:
        self._units: dict[int, CompiledVectors] = {}

    def run(self, vectors: Sequence[Vector]) -> list[Outcome | str]:
        """What becomes of each of ``vectors``."""
        outcomes: list[Outcome | str] = [lacking(vector) or "" for vector in vectors]
        groups: dict[int, list[int]] = {}
        for index, vector in enumerate(vectors):
            if not outcomes[index]:
                groups.setdefault(vector.maxphyaddr, []).append(index)
        for maxphyaddr, indices in groups.items():
            chosen = [vectors[index] for index in indices]
            for index, outcome in zip(indices, self._run(maxphyaddr, chosen), strict=True):
                outcomes[index] = outcome
        return outcomes

    def _run(self, maxphyaddr: int, vectors: Sequence[Vector]) -> list[Outcome | str]:
        if maxphyaddr not in self._units:
            self._units[maxphyaddr] = CompiledVectors(MmuConfig(maxphyaddr=maxphyaddr))
        numbers, size = array("Q"), 0
        for vector in vectors:
            size += _pack(vector, numbers)
        found, place, outcomes = self._units[maxphyaddr].run(numbers, len(vectors), size), 0, []
        for vector in vectors:
            outcome, place = _unpack(vector, found, place)
            outcomes.append(outcome)
        return outcomes


@lru_cache(maxsize=65536)
def _controls(cr0: int, cr3: int, cr4: int, efer: int) -> tuple[int, ...]:
    """The operations that bring these registers about."""
    return tuple(number for register, value in control_writes(cr0, cr3, cr4, efer)
                 for number in (0, _REGISTERS[register], value))


def _pack(vector: Vector, numbers: "array[int]") -> int:
    """Add a vector to ``numbers``; return how many numbers its outcome is."""
    _, cr0, cr3, cr4, efer, _, _, _, access, entries, before = vector
    steps      = (*before, access) if before else (access,)
    operations = [*_controls(cr0, cr3, cr4, efer)]
    last       = 0
    for kind, linear, size, implicit, cpl, ac in steps:
        if ac != last:
            operations += (0, _RFLAGS, AC * ac)
            last = ac
        operations += (1, linear, _HOW[kind, size, implicit, cpl])
    numbers.extend((len(entries), entry_size(cr0, cr4, efer), len(operations) // 3))
    for entry in entries:
        numbers.extend(entry)
    numbers.extend(operations)
    return 2 + 4 * len(steps) + len(entries)


def _unpack(vector: Vector, found: list[int], place: int) -> tuple[Outcome | str, int]:
    """The outcome of ``vector`` at ``place``, and the place after it."""
    refusal, cycles = found[place:place + 2]
    count   = 1 + len(vector.before or ())
    entries = place + 2 + 4 * count
    end     = entries + len(vector.entries)
    if refusal == _HUNG:
        return "the unit did not answer", end
    if refusal:
        writes = control_writes(vector.cr0, vector.cr3, vector.cr4, vector.efer)
        return refused(*writes[refusal - 1]), end
    *before, last = [_ending(*found[at:at + 4]) for at in range(place + 2, entries, 4)]
    return Outcome(last, found[entries:end], before, cycles), end


def _ending(fault: int, error_code: int, cr2: int, physical: int) -> Ending:
    if fault == _NONE:
        return Ending(None, 0, 0, physical)
    if fault == _PAGE:
        return Ending("#PF", error_code, cr2)
    return Ending("#GP")
