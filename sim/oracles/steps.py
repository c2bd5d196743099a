"""A vector as steps of the guest, and their outcomes as those of the vector.

Where an access has gone is seen from memory. Each place to which an entry of the vector can lead
gets a mark of its own, one byte: a read brings a mark, a write takes one away, and a fetch executes
an instruction whose operand it is.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from sim.vectors.vector import AC, Ending, Vector, VectorOutcome, VectorStep

from .image import ACCESSES, CODE_SEGMENT, STACK_SEGMENT
from .layout import CODE, DONE, MEMORY, STACKS, USER_CODE, Mode
from .limits import has_memory
from .tables import Clash, hook


__all__ = ["UNKNOWN", "Outcome", "Plan"]


#: Numbers of the steps.
_STORE, _LOAD, _ENTER, _LEAVE, _ACCESS = range(1, 6)

_KINDS = {"read": 0, "write": 1, "rmw": 2}

_PAGE_FAULT, _ALIGNMENT_CHECK = 14, 17

_NAMES = {12: "#SS", 13: "#GP"}

#: CR0 of the guest: what it needs (NE, ET, PE) and what the vector says (PG, WP). Caches stay on,
#: and alignment is not checked.
_CR0, _CR0_MASK = 0x31, 0x8001_0000

_P = 1

#: Instructions of as many bytes, up to a byte that goes into AL. There is none of one byte: there a
#: NOP is what is fetched, and another instruction follows.
_INSTRUCTIONS = {1: b"\x90\xb0", 2: b"\xb0", 4: b"\x3e\x3e\xb0", 8: b"\x3e" * 6 + b"\xb0"}

#: Marks are bytes, and 0 is what memory has elsewhere.
_MARKS = range(1, 256)

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
        self._vector   = vector
        self.mode     = mode
        self._accesses = [*(vector.before or ()), vector.access]
        self._planted: dict[int, int] = {}
        entries  = dict(vector.entries)
        place, value = hook(mode, vector.cr3, entries)
        self._taken  = {address + byte
                        for address in (*entries, place) for byte in range(mode.word)}
        self._marks  = [self._plant(step) for step in self._accesses]
        seen         = self._marks[-1] if vector.access.kind == "write" else {}

        word  = mode.word
        stored = [(place, value, word), *((*entry, word) for entry in vector.entries),
                  *((address, byte, 1) for address, byte in self._planted.items())]
        self.steps = [_words(_STORE, *what) for what in stored]
        self._enter = len(self.steps)
        self.steps.append(_words(_ENTER, _CR0 | vector.cr0 & _CR0_MASK, vector.cr3, vector.cr4,
                                 vector.efer, vector.pkru, vector.pkrs))
        self.steps += map(self._access, self._accesses)
        self.steps.append(_words(_LEAVE))
        self._loads = len(self.steps)
        self.steps += [_words(_LOAD, address, 0, word) for address, _ in vector.entries]
        self.steps += [_words(_LOAD, address, 0, 1) for address in seen]
        self.steps += [_words(_STORE, address, 0, size) for address, _, size in stored]

    def outcome(self, outcomes: Sequence[Outcome]) -> VectorOutcome | str:
        """Return the outcome of the vector by those of its steps."""
        if outcomes[self._enter].vector != DONE:
            return "this processor refuses these control registers"
        first  = self._enter + 1
        if any(outcome.vector == _ALIGNMENT_CHECK for outcome in outcomes[first:self._loads]):
            return "this host checks alignment, of which CR0.AM says nothing"
        values = [outcome.value for outcome in outcomes[self._loads:]]
        count  = len(self._vector.entries)
        gone   = [place for place, value in zip(self._marks[-1], values[count:], strict=False)
                  if self._vector.access.kind == "write" and not value & 0xff]
        endings = [self._ending(step, marks, outcome) for step, marks, outcome
                   in zip(self._accesses, self._marks, outcomes[first:], strict=False)]
        last = endings[-1]
        if last.fault is None and self._vector.access.kind == "write" and len(gone) == 1:
            endings[-1] = last._replace(physical=gone[0])
        mask = (1 << 8 * self.mode.word) - 1
        return VectorOutcome(endings[-1], [value & mask for value in values[:count]], endings[:-1])

    def _plant(self, step: VectorStep) -> dict[int, int]:
        """Plan bytes for an access. Return the marks by the place of the first byte."""
        places = self._places(step.linear)
        if step.kind != "fetch":
            return {place: self._mark(place) for place in places if place not in self._taken}
        self._refuse_overlap(step)
        crosses = (step.linear & 0xfff) + step.size > 0x1000
        marks   = {place: number for number, place in enumerate(places, 1)}
        for place, mark in marks.items():
            for offset, byte in enumerate(_INSTRUCTIONS[step.size] + bytes([mark])):
                linear = step.linear + offset
                for target in ([place + offset] if linear >> 12 == step.linear >> 12
                               else self._places(linear)):
                    if target in self._taken or self._planted.get(target, byte) != byte and (
                            offset < _length(step) - 1):
                        raise Clash("an instruction would have to stand where something else does")
                    self._planted[target] = byte
        return marks if len(marks) == 1 or not crosses else {}

    def _refuse_overlap(self, step: VectorStep) -> None:
        """Raise :class:`.tables.Clash` unless an instruction for ``step`` can be executed alone."""
        length = _length(step)
        after  = step.linear + length
        if (after + 1 & 0xfff) < 2 or length > step.size and after >> 12 != step.linear >> 12:
            raise Clash("the next instruction would be fetched from another page")
        for other in self._accesses:
            end = other.linear + other.size
            if other is not step and (other.kind != "read" and other.linear < after < end + length
                                      or other.linear < after + 2 and after < end):
                raise Clash("another access is to the bytes that a fetch would execute")

    def _mark(self, place: int) -> int:
        if place not in self._planted:
            self._planted[place] = _MARKS[len(self._planted) % len(_MARKS)]
        return self._planted[place]

    def _places(self, linear: int) -> list[int]:
        """Physical addresses to which entries may lead for ``linear``, as pages of every size."""
        places = set()
        for _, value in self._vector.entries:
            if not value & _P:
                continue
            for level in range(1, min(self.mode.levels, 3) + 1):
                offset = (1 << self.mode.shift(level)) - 1
                place  = value & 0x000f_ffff_ffff_f000 & ~offset | linear & offset
                if place < MEMORY:
                    if not has_memory(place):
                        raise Clash("an access may lead to where the guest has no memory")
                    places.add(place)
        return sorted(places)

    def _access(self, step: VectorStep) -> bytes:
        base    = self.mode.linear
        user    = step.cpl == 3
        if step.kind == "fetch":
            ip = step.linear
        else:
            number = 4 * _KINDS[step.kind] + step.size.bit_length() - 1
            ip     = base + (USER_CODE if user else CODE) + ACCESSES[self.mode.long] + 16 * number
        return _words(_ACCESS, ip, CODE_SEGMENT[step.cpl], 2 | AC * step.ac, base + STACKS[1],
                      STACK_SEGMENT[step.cpl], step.linear, 0)

    def _ending(self, step: VectorStep, marks: dict[int, int], outcome: Outcome) -> Ending:
        done = outcome.vector == DONE
        if step.kind == "fetch":
            done = outcome.ip == step.linear + _length(step) & self.mode.highest
        if not done:
            if outcome.vector == _PAGE_FAULT:
                return Ending("#PF", outcome.error_code, outcome.cr2)
            return Ending(_NAMES.get(outcome.vector, f"exception {outcome.vector}"))
        if step.kind == "write":
            return Ending(physical=UNKNOWN)
        found = [place for place, mark in marks.items() if mark == outcome.value & 0xff]
        return Ending(physical=found[0] if len(found) == 1 else UNKNOWN)


def _length(step: VectorStep) -> int:
    """Bytes that stand where a fetch goes."""
    return len(_INSTRUCTIONS[step.size]) + 1


def _words(*words: int) -> bytes:
    return struct.pack("<8Q", *(word & 0xffff_ffff_ffff_ffff for word in words),
                       *[0] * (8 - len(words)))
