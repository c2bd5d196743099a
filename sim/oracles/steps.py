"""A vector as steps of the guest, and their outcomes as that of the vector."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from sim.vectors.vector import AC, Ending, Vector, VectorOutcome, VectorStep

from .image import ACCESSES, CODE_SEGMENT, STACK_SEGMENT
from .layout import ACCESS_STACK, CODE, DONE, USER_CODE, Mode
from .marks import Marks, code_length
from .tables import hook


__all__ = ["UNKNOWN", "Outcome", "Plan"]


#: Numbers of the steps.
_STORE, _LOAD, _ENTER, _LEAVE, _ACCESS = range(1, 6)

_KINDS = {"read": 0, "write": 1, "rmw": 2}

_PAGE_FAULT, _ALIGNMENT_CHECK = 14, 17

_NAMES = {12: "#SS", 13: "#GP"}

#: CR0 of the guest: what it needs (NE, ET, PE) and what the vector says (PG, WP). Caches stay on,
#: and alignment is not checked.
_CR0, _CR0_MASK = 0x31, 0x8001_0000

#: RFLAGS but for AC: a bit that is always 1.
_FLAGS = 2

#: Physical address of an access, when what was seen does not tell it.
UNKNOWN = -1


class Outcome(NamedTuple):
    """Outcome of one step, as the guest writes it.

    Attributes
    ----------
    vector, error_code : :class:`int`
        The exception that ended it.
    cr2, value, ip : :class:`int`
        CR2, what was read, and where the processor stood.
    """

    vector:     int
    error_code: int
    cr2:        int
    value:      int
    ip:         int


class Plan:
    """Steps of ``vector`` for a guest that is at home in ``mode``.

    Raises :class:`.tables.Clash` if both want the same memory.

    Attributes
    ----------
    mode : :class:`.layout.Mode`
        The mode.
    steps : list of :class:`bytes`
        As the guest reads them. They leave memory as they have found it, all zero.
    """

    def __init__(self, vector: Vector, mode: Mode):
        self.mode      = mode
        self._vector   = vector
        self._accesses = [*(vector.before or ()), vector.access]
        word   = mode.word
        stored = [(*hook(mode, vector.cr3, dict(vector.entries)), word),
                  *((address, value, word) for address, value in vector.entries)]
        taken  = {address + byte for address, *_ in stored for byte in range(word)}
        marks  = Marks(vector, mode, taken)
        stored += [(address, byte, 1) for address, byte in marks.planted.items()]
        self._marks = marks.by_access
        #: Where a write may have gone, which is then looked at.
        self._looked_at = list(self._marks[-1]) if vector.access.kind == "write" else []

        before = [_words(_STORE, *what) for what in stored]
        inside = [_words(_ENTER, _CR0 | vector.cr0 & _CR0_MASK, *vector[2:7]),
                  *map(self._access, self._accesses), _words(_LEAVE)]
        after  = [*(_words(_LOAD, address, 0, word) for address, _ in vector.entries),
                  *(_words(_LOAD, place, 0, 1) for place in self._looked_at),
                  *(_words(_STORE, address, 0, size) for address, _, size in stored)]
        self._inside, self._after = len(before), len(before) + len(inside)
        self.steps = before + inside + after

    def outcome(self, outcomes: Sequence[Outcome]) -> VectorOutcome | str:
        """Return the outcome of the vector by those of its steps, or why there is none."""
        entered, *accesses, _ = outcomes[self._inside:self._after]
        if entered.vector != DONE:
            return "this processor refuses these control registers"
        if any(access.vector == _ALIGNMENT_CHECK for access in accesses):
            return "this host checks alignment, of which CR0.AM says nothing"
        endings = [self._ending(*ended)
                   for ended in zip(self._accesses, self._marks, accesses, strict=True)]
        count  = len(self._vector.entries)
        values = [outcome.value for outcome in outcomes[self._after:]]
        gone   = [place for place, value in zip(self._looked_at, values[count:], strict=False)
                  if not value & 0xff]
        if endings[-1].fault is None and len(gone) == 1:
            endings[-1] = Ending(physical=gone[0])
        mask = (1 << 8 * self.mode.word) - 1
        return VectorOutcome(endings[-1], [value & mask for value in values[:count]], endings[:-1])

    def _access(self, step: VectorStep) -> bytes:
        base = self.mode.linear
        if step.kind == "fetch":
            ip = step.linear
        else:
            number = 4 * _KINDS[step.kind] + step.size.bit_length() - 1
            page   = USER_CODE if step.cpl == 3 else CODE
            ip     = base + page + ACCESSES[self.mode.long] + 16 * number
        return _words(_ACCESS, ip, CODE_SEGMENT[step.cpl], _FLAGS | AC * step.ac,
                      base + ACCESS_STACK, STACK_SEGMENT[step.cpl], step.linear, 0)

    def _ending(self, step: VectorStep, marks: dict[int, int], outcome: Outcome) -> Ending:
        if step.kind == "fetch":
            done = outcome.ip == step.linear + code_length(step) & self.mode.highest
        else:
            done = outcome.vector == DONE
        if not done:
            if outcome.vector == _PAGE_FAULT:
                return Ending("#PF", outcome.error_code, outcome.cr2)
            return Ending(_NAMES.get(outcome.vector, f"exception {outcome.vector}"))
        found = [place for place, mark in marks.items() if mark == outcome.value & 0xff]
        return Ending(physical=found[0] if step.kind != "write" and len(found) == 1 else UNKNOWN)


def _words(*words: int) -> bytes:
    return struct.pack("<8Q", *(word & 0xffff_ffff_ffff_ffff for word in words),
                       *[0] * (8 - len(words)))
