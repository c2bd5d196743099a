"""Access vectors of version 2 on the compiled gateware, and numbers that both versions use."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Protocol

from hw.bus import ControlOp
from hw.bus import Register as HwRegister
from hw.config import MmuConfig
from hw.layout import AccessKind, Fault
from sim.engines.cxxrtl.log import Part
from sim.engines.cxxrtl.vectors import SEQUENCE_CONFIG, CompiledSequences
from sim.vectors.sequence import (
    FLAG_WRITES, AccessOutcome, AccessStep, InvlpgStep, InvpcidStep, LateStoreStep,
    SequenceOutcome, SequenceVector, Step, StepOutcome, StoreStep, WriteStep,
)
from sim.vectors.support import control_writes, lacking_for_sequence, refused
from sim.vectors.vector import Ending
from sw.bus import Kind, Register


__all__ = ["HUNG", "REGISTERS", "Rows", "SequencePlayer", "ending", "how"]


#: The unit's numbers for registers.
REGISTERS = {register: HwRegister[register.name].value for register in Register}

#: First number of an outcome of a unit that never responded.
HUNG = (1 << 64) - 1

_NONE, _PAGE = Fault.NONE.value, Fault.PAGE_FAULT.value

_WRITE, _INVLPG, _INVPCID = (
    op.value for op in (ControlOp.WRITE, ControlOp.INVLPG, ControlOp.INVPCID))

_NUMBERS = 6  # of an operation, and of its outcome


def how(kind: Kind, size: int, implicit: int, cpl: int) -> int:
    """Kind, size, user and implicit of an access, as ``vector_unit.h`` has them packed."""
    number: int = AccessKind[kind.name].value
    return number | size << 8 | (cpl == 3) << 16 | implicit << 24


def ending(fault: int, error_code: int, cr2: int, physical: int) -> Ending:
    """The end of an access, from the numbers of ``vector_unit.h``."""
    if fault == _NONE:
        return Ending(None, 0, 0, physical)
    if fault == _PAGE:
        return Ending("#PF", error_code, cr2)
    return Ending("#GP")


class Rows(Protocol):
    """A compiled unit that does one row of numbers after the other, each from power-up on."""

    def run(self, rows: "array[int]", count: int, size: int) -> list[int]:
        """Carry out ``count`` rows; return their outcomes, ``size`` numbers together."""


class SequencePlayer:
    """Player of sequences on a unit that is compiled when the first of them comes.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        The unit.
    """

    def __init__(self, config: MmuConfig = SEQUENCE_CONFIG) -> None:
        self._config = config
        self._unit: CompiledSequences | None = None

    def play(self, vectors: Sequence[SequenceVector]) -> list[SequenceOutcome | str]:
        """Return the outcome of each of ``vectors``, or the reason why it has none."""
        reasons = [lacking_for_sequence(vector) for vector in vectors]
        runs    = [vector for vector, reason in zip(vectors, reasons, strict=True)
                   if reason is None]
        numbers: list[int] = []
        size  = sum([_pack(vector, numbers) for vector in runs])
        if runs and self._unit is None:
            self._unit = CompiledSequences(self._config)
        found = iter(self._unit.run(array("Q", numbers), len(runs), size) if self._unit else ())
        return [reason or _unpack(vector, found)
                for vector, reason in zip(vectors, reasons, strict=True)]


    def observe(self, vector: SequenceVector) -> tuple[SequenceOutcome | str, dict[str, Part]]:
        """Return the outcome of a sequence, and the log of the unit's ports."""
        if self._unit is None:
            self._unit = CompiledSequences(self._config)
        numbers: list[int] = []
        size = _pack(vector, numbers)
        found, log = self._unit.observe(array("Q", numbers), size)
        return _unpack(vector, iter(found)), log


def _pack(vector: SequenceVector, numbers: list[int]) -> int:
    """Add a sequence to ``numbers``; return the count of numbers in its outcome."""
    preparing = [_write(register, value) for register, value in control_writes(vector)]
    following = list(map(_packed, vector.operations))
    places    = vector.places
    numbers += (vector.maxphyaddr, len(vector.entries), vector.entry_size, len(preparing),
                len(following), len(places))
    numbers += chain.from_iterable(vector.entries)
    numbers += chain.from_iterable(preparing)
    numbers += chain.from_iterable(following)
    numbers += chain.from_iterable(places.items())
    return 1 + _NUMBERS * len(following) + len(places)


def _packed(step: Step) -> tuple[int, ...]:
    """The operation that carries out ``step``, as ``sequences.h`` has it."""
    match step:
        case AccessStep():
            access = step.access
            return (1, step.linear, how(access.kind, step.size, step.implicit, step.cpl),
                    step.data, step.compare, 0)
        case StoreStep(address, size, value):
            return 2, address, size, value, 0, 0
        case LateStoreStep(address, size, value):
            return 3, address, size, value, 0, 0
        case InvlpgStep(linear):
            return 0, _INVLPG, 0, linear, 0, 0
        case InvpcidStep(kind, pcid, linear):
            return 0, _INVPCID, 0, kind, pcid, linear
        case WriteStep(register, value):
            return _write(register, value)


def _write(register: Register, value: int) -> tuple[int, ...]:
    return 0, _WRITE, REGISTERS[register], value, 0, 0


def _unpack(vector: SequenceVector, found: Iterator[int]) -> SequenceOutcome | str:
    """Return the outcome of ``vector``, whose numbers are the next of ``found``."""
    [refusal] = islice(found, 1)
    outcomes = [(step, _outcome(step, *islice(found, _NUMBERS))) for step in vector.operations]
    steps    = [outcome for step, outcome in outcomes if step not in FLAG_WRITES]
    values = list(islice(found, len(vector.places)))
    if not refusal:
        return SequenceOutcome(steps, values)
    if refusal == HUNG:
        return "the unit did not answer"
    return refused(*control_writes(vector)[refusal - 1])


def _outcome(step: Step, fault: int, error_code: int, cr2: int, physical: int, data: int,
             cycles: int) -> StepOutcome:
    match step:
        case AccessStep():
            reads = fault == _NONE and step.kind != "write"
            return AccessOutcome(ending(fault, error_code, cr2, physical), data if reads else None,
                                 cycles)
        case WriteStep() | InvpcidStep():
            return bool(fault)
        case _:
            return None
