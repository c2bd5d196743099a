"""Log of a compiled machine, read back into records.

A trace has two or three records in a cycle, and often nobody looks at most of them. So those of
which there are many are made when somebody does. It counts what is done for each of them: a named
tuple is made of a tuple here, which takes half as long as to call it.
"""

from collections.abc import Mapping, Sequence
from ctypes import sizeof, string_at
from typing import NamedTuple

from hw.interrupts import FIRST_VECTOR
from sim.record.decoding import (
    EVENTS, FAULTS, KINDS, OPERATIONS, REGISTERS, control_state, tlb_changes,
)
from sim.record.records import (
    AccessRecord, ControlRecord, EventRecord, InterruptRecord, Mark, Recording, State,
    TransferRecord,
)
from sim.record.tlb import TlbRecord

from .lazy import LazyRecords
from .logged import (
    LOGGED, Logged, LoggedAccess, LoggedControl, LoggedEvent, LoggedInterrupt, LoggedMark,
    LoggedState, LoggedTlb, LoggedTransfer,
)
from .structures import elements, members


__all__ = ["LogReader", "Part", "copied"]


_MARKS      = elements(LoggedMark, "cycle", "stack", "claim")
_STATES     = elements(LoggedState, "cycle", "state")
_ACCESSES   = elements(LoggedAccess, "accepted", "completed", "linear", "data", "compare", "result",
                       "physical", "state", "mark", "size", "kind", "user", "implicit", "chained",
                       "fault", "error")
_TRANSFERS  = elements(LoggedTransfer, "accepted", "acked", "address", "data", "mark", "sel",
                       "write", "lock", "walk", "failed")
_CONTROLS   = elements(LoggedControl, "accepted", "completed", "value", "result", "pcid",
                       "linear", "mark", "op",
                       "number", "refused")
_INTERRUPTS = elements(LoggedInterrupt, "cycle", "vector", "target", "mark", "sent")
_EVENTS     = elements(LoggedEvent, "cycle", "bit")
_TLB        = elements(LoggedTlb, "cycle", "events", "update")
_PLACES     = members(Logged, *(f"{name}.{member}" for name in LOGGED
                                for member in ("start", "count", "again")))

#: Names and levels of strobes, by their bits.
NAMES, LEVELS = zip(*EVENTS, strict=True)

_new = tuple.__new__


class Part(NamedTuple):
    """A part of the log, copied: its structures, and how many are there again."""

    data:  bytes
    again: int


def copied(logged: Logged) -> dict[str, Part]:
    """The parts of a log by name. C++ may forget them then."""
    places = iter(_PLACES.unpack_from(logged))
    return {name: Part(string_at(start, count * sizeof(structure)), again)
            for (name, structure), start, count, again
            in zip(LOGGED.items(), places, places, places, strict=True)}


class LogReader:
    """Adds to a recording what the log of one processor has.

    Parameters
    ----------
    recording : :class:`sim.record.records.Recording`
        What to fill.
    stacks, claims : sequences
        What the numbers on the marks mean: see :class:`sim.record.recorder.Recorder`.
    """

    def __init__(self, recording: Recording, stacks: Sequence[tuple[str, ...]],
                 claims: Sequence[str]):
        self.recording  = recording
        self._stacks    = stacks
        self._claims    = claims
        self._accesses  = LazyRecords(_ACCESSES.size,  self._made_accesses)
        self._transfers = LazyRecords(_TRANSFERS.size, self._made_transfers)
        self._controls  = LazyRecords(_CONTROLS.size,  self._made_controls)
        self._events    = LazyRecords(_EVENTS.size,    _made_events)
        recording.accesses, recording.transfers = self._accesses, self._transfers
        recording.controls, recording.events    = self._controls, self._events

    def read(self, parts: Mapping[str, Part]) -> None:
        """Add what is in ``parts``, which are those of :class:`.logged.Logged` by name."""
        recording = self.recording
        # What other records refer to comes first.
        recording.marks      += self._made_marks(parts["marks"].data)
        recording.states     += _made_states(parts["states"].data)
        recording.interrupts += self._made_interrupts(parts["interrupts"].data)
        if recording.tlb is not None:
            recording.tlb += _made_changes(parts["tlb"].data)
        for name, records in (("accesses", self._accesses), ("transfers", self._transfers),
                              ("controls", self._controls), ("events", self._events)):
            records.extend(parts[name].data, again=parts[name].again)

    def _made_marks(self, data: bytes) -> list[Mark]:
        stacks, claims = self._stacks, self._claims
        return [Mark(cycle, stacks[stack], claims[claim])
                for cycle, stack, claim in _MARKS.iter_unpack(data)]

    def _made_accesses(self, data: bytes) -> list[AccessRecord]:
        states, marks = self.recording.states, self.recording.marks
        return [
            _new(AccessRecord, (
                accepted, linear, size, KINDS[kind], user, implicit, chained, operand, compare,
                states[state], marks[mark], completed, result, physical, FAULTS[fault], error))
            for (accepted, completed, linear, operand, compare, result, physical, state, mark, size,
                 kind, user, implicit, chained, fault, error) in _ACCESSES.iter_unpack(data)]

    def _made_transfers(self, data: bytes) -> list[TransferRecord]:
        marks = self.recording.marks
        return [
            _new(TransferRecord, (
                accepted, address, write, lock, sel, word, walk, marks[mark], acked, failed))
            for accepted, acked, address, word, mark, sel, write, lock, walk, failed
            in _TRANSFERS.iter_unpack(data)]

    def _made_controls(self, data: bytes) -> list[ControlRecord]:
        marks = self.recording.marks
        return [
            ControlRecord(accepted, OPERATIONS[op], REGISTERS[number], value, marks[mark],
                          completed, result, refused, pcid, linear)
            for accepted, completed, value, result, pcid, linear, mark, op, number, refused
            in _CONTROLS.iter_unpack(data)]

    def _made_interrupts(self, data: bytes) -> list[InterruptRecord]:
        marks = self.recording.marks
        return [
            InterruptRecord(cycle, FIRST_VECTOR | vector, target if sent else None, marks[mark])
            for cycle, vector, target, mark, sent in _INTERRUPTS.iter_unpack(data)]


def _made_states(data: bytes) -> list[State]:
    return [control_state(cycle, int.from_bytes(state, "little"))
            for cycle, state in _STATES.iter_unpack(data)]


def _made_changes(data: bytes) -> list[TlbRecord]:
    return [change for cycle, events, update in _TLB.iter_unpack(data)
            for change in tlb_changes(cycle, events, int.from_bytes(update, "little"))]


def _made_events(data: bytes) -> list[EventRecord]:
    return [_new(EventRecord, (cycle, NAMES[bit], LEVELS[bit]))
            for cycle, bit in _EVENTS.iter_unpack(data)]
