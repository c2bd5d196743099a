"""Random sequences with one right outcome, as rows of numbers for compiled units.

They are those of the regression under cocotb, but for what only a processor that does several
things at once can do: no access is chained, and none compares.
"""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from amaranth.lib.data import Layout

from hw.bus import ControlRequest
from hw.layout import Fault
from sim.golden.state import Features
from sim.paging.walk import features_of
from sim.vectors.engines.compiled_sequences import HUNG, Rows, how
from sim.verification.random_sequence import RandomSequence
from sim.verification.sequence import AccessStep, ControlStep, EditStep, Step
from sim.verification.stimulus import random_stimulus
from sim.verification.texts import access_text
from sw.bus import Access, Kind, PageFault

from .mutants import CONFIG


__all__ = ["Sequences"]


#: Width of a physical address in sequences.
MAXPHYADDR = 40

_NUMBERS = 6  # of an operation, and of its outcome

_FIELDS = {name: (field.offset, (1 << field.width) - 1)
           for name, field in Layout.cast(ControlRequest)}


class _Plain(RandomSequence):
    """Without what rows cannot say."""

    def access(self, access: Access, *, chained: bool = False) -> None:
        """Request an access."""
        if access.kind is Kind.COMPARE_EXCHANGE:
            access = replace(access, kind=Kind.EXCHANGE)
        super().access(access)


class _Sequence(NamedTuple):
    """A sequence as a row, what its steps are, and what must be in memory afterwards."""

    row:    "array[int]"
    steps:  list[Step]
    places: dict[int, int]

    @property
    def size(self) -> int:
        """Numbers of its outcome."""
        return 1 + _NUMBERS * len(self.steps) + len(self.places)


class Sequences:
    """Random sequences, always the same ones.

    Parameters
    ----------
    count : :class:`int`
        How many.
    steps : :class:`int`
        Random operations of each. Some are several steps.
    """

    def __init__(self, count: int, steps: int):
        features = replace(features_of(CONFIG), maxphyaddr=MAXPHYADDR)
        self._sequences = [_drawn(Random(f"mutants {number}"), features, steps)
                           for number in range(count)]

    def noticed(self, unit: Rows) -> str:
        """Play them until one ends as it must not; tell its first wrong step."""
        for number, sequence in enumerate(self._sequences):
            found = unit.run(sequence.row, 1, sequence.size)
            if wrong := _wrong(sequence, found):
                return f"sequence {number}: {wrong}"
        return ""

    def cycles(self, unit: Rows) -> list[int]:
        """Play them; tell how many cycles the accesses of each take together."""
        return [sum(unit.run(sequence.row, 1, sequence.size)[
                    _NUMBERS:1 + _NUMBERS * len(sequence.steps):_NUMBERS])
                for sequence in self._sequences]


def _drawn(rng: Random, features: Features, steps: int) -> _Sequence:
    drawn = _Plain(random_stimulus(rng, features))
    drawn.extend(steps)
    words  = {step.address & -8 for step in drawn.steps if isinstance(step, EditStep)}
    words |= {store.word << 3 for store in drawn.stores}
    places = {word: drawn.golden.memory.read(word, 8) for word in sorted(words)}
    row    = [MAXPHYADDR, 0, 8, 0, len(drawn.steps), len(places)]
    row   += [number for step in drawn.steps for number in _packed(step)]
    row   += [number for word in places for number in (word, 8)]
    return _Sequence(array("Q", row), drawn.steps, places)


def _packed(step: Step) -> tuple[int, ...]:
    """A step as ``sequences.h`` has it."""
    match step:
        case AccessStep(access=access):
            mask = (1 << 64) - 1
            return (1, access.linear & mask,
                    how(access.kind, access.size, access.implicit, 3 * access.user),
                    access.data & mask, 0, 0)
        case EditStep(address, size, value):
            return 2, address, size, value, 0, 0
        case ControlStep(payload=payload):
            values = {name: payload >> offset & mask for name, (offset, mask) in _FIELDS.items()}
            return (0, values["op"], values["register"], values["value"], values["pcid"],
                    values["linear"])


def _wrong(sequence: _Sequence, found: Sequence[int]) -> str:
    """The first thing that is not as it must be, in words."""
    if found[0] == HUNG:
        return "no response"
    for number, step in enumerate(sequence.steps):
        first = 1 + _NUMBERS * number
        if wrong := _wrong_step(step, *found[first:first + _NUMBERS]):
            return f"step {number}, {wrong}"
    for (word, value), ours in zip(sequence.places.items(), found[-len(sequence.places):],
                                   strict=True):
        if value != ours:
            return f"{ours:#x} at physical {word:#x}, not {value:#x}"
    return ""


def _wrong_step(step: Step, fault: int, error: int, cr2: int, physical: int, data: int,
                cycles: int) -> str:
    if isinstance(step, ControlStep):
        return f"{step}: {'' if fault else 'not '}refused" if bool(fault) != step.refused else ""
    if isinstance(step, EditStep):
        return ""
    wanted = step.outcome
    assert wanted is not None
    match wanted.fault:
        case None:
            right = fault == Fault.NONE.value and physical == wanted.physical and (
                step.access.kind is Kind.WRITE or data == wanted.data)
        case PageFault(address=address, error_code=code):
            right = (fault, error, cr2) == (Fault.PAGE_FAULT.value, code, address)
        case _:
            right = fault == Fault.GENERAL_PROTECTION.value
    return "" if right else f"{access_text(step.access)}: another end"
