"""Marks in memory, by which it is seen where an access goes.

Each place to which an entry of a vector can lead gets a mark of its own, one byte: a read brings a
mark, a write takes one away, and a fetch executes an instruction that loads one.
"""

from sim.vectors.vector import Vector, VectorStep

from .layout import MEMORY, Mode
from .limits import has_memory
from .tables import Clash


__all__ = ["Marks", "code_length"]


_P = 1

_ADDRESS = 0x000f_ffff_ffff_f000

#: Instructions of as many bytes, up to a byte that goes into AL. There is none of one byte: there a
#: NOP is what is fetched, and another instruction follows.
_INSTRUCTIONS = {1: b"\x90\xb0", 2: b"\xb0", 4: b"\x3e\x3e\xb0", 8: b"\x3e" * 6 + b"\xb0"}

#: Marks are bytes, and 0 is what memory has elsewhere.
_MARKS = range(1, 256)


class Marks:
    """Marks for the accesses of ``vector``.

    Raises :class:`.tables.Clash` if two want the same memory.

    Parameters
    ----------
    taken : set of :class:`int`
        Physical addresses of bytes that stay as they are.

    Attributes
    ----------
    planted : :class:`dict`
        Bytes by physical address.
    by_access : list of :class:`dict`
        Of each access, the last one last, marks by the place of its first byte. Places whose mark
        would not tell them from others are left out.
    """

    def __init__(self, vector: Vector, mode: Mode, taken: set[int]):
        self._mode     = mode
        self._taken    = taken
        self._leading  = [value & _ADDRESS for _, value in vector.entries if value & _P]
        self._accesses = [*(vector.before or ()), vector.access]
        self.planted: dict[int, int] = {}
        self.by_access = [self._code(step) if step.kind == "fetch" else self._data(step)
                          for step in self._accesses]

    def _data(self, step: VectorStep) -> dict[int, int]:
        places = [place for place in self._places(step.linear) if place not in self._taken]
        for place in places:
            self.planted.setdefault(place, _MARKS[len(self.planted) % len(_MARKS)])
        return {place: self.planted[place] for place in places}

    def _code(self, step: VectorStep) -> dict[int, int]:
        self._refuse_overlap(step)
        marks = {place: mark for mark, place in enumerate(self._places(step.linear), 1)}
        for place, mark in marks.items():
            code = _INSTRUCTIONS[step.size] + bytes([mark])
            for offset, byte in enumerate(code):
                linear  = step.linear + offset
                targets = ([place + offset] if linear >> 12 == step.linear >> 12
                           else self._places(linear))
                for target in targets:
                    other = self.planted.get(target, byte)
                    if target in self._taken or other != byte and offset < len(code) - 1:
                        raise Clash("an instruction would have to stand where something else does")
                    self.planted[target] = byte
        # The mark of an instruction that crosses into another page tells that page.
        crosses = (step.linear & 0xfff) + step.size > 0x1000
        return {} if crosses and len(marks) > 1 else marks

    def _refuse_overlap(self, step: VectorStep) -> None:
        """Raise :class:`.tables.Clash` unless the instruction for ``step`` is all that counts."""
        length = code_length(step)
        after  = step.linear + length
        if (after + 1 & 0xfff) < 2 or length > step.size and after >> 12 != step.linear >> 12:
            raise Clash("the next instruction would be fetched from another page")
        for other in self._accesses:
            end = other.linear + other.size
            if other is not step and (other.kind != "read" and other.linear < after < end + length
                                      or other.linear < after + 2 and after < end):
                raise Clash("another access is to the bytes that a fetch would execute")

    def _places(self, linear: int) -> list[int]:
        """Physical addresses to which entries may lead for ``linear``, as pages of every size."""
        places = set()
        for base in self._leading:
            for level in range(1, min(self._mode.levels, 3) + 1):
                offset = (1 << self._mode.shift(level)) - 1
                place  = base & ~offset | linear & offset
                if place < MEMORY:
                    if not has_memory(place):
                        raise Clash("an access may lead to where the guest has no memory")
                    places.add(place)
        return sorted(places)


def code_length(step: VectorStep) -> int:
    """Return the bytes that stand where a fetch goes."""
    return len(_INSTRUCTIONS[step.size]) + 1
