"""The record of the ports: what happened, in which cycle, while the kernel was in which function.

A trace is filled from sampled signals only, by :mod:`.recorder` or by the log of a compiled
machine; nothing that the kernel says about itself enters it but the marks, which are signals too.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypedDict, TypeVar

from hw.bus import ControlOp, Register
from hw.layout import AccessKind

from .interval import ALWAYS, Interval
from .records import (
    AccessRecord, Addresses, ControlRecord, EventRecord, InterruptRecord, Mark, Recording, State,
    TransferRecord, bounds,
)
from .tlb import TlbEntry, TlbRecord
from .tlb_history import TlbHistory


__all__ = ["AccessFilter", "Trace"]


Begun   = TypeVar("Begun", AccessRecord, TransferRecord, ControlRecord)
Instant = TypeVar("Instant", EventRecord, InterruptRecord)
Lasting = TypeVar("Lasting", State, Mark)
RecordT = TypeVar("RecordT")


class AccessFilter(TypedDict, total=False):
    """Arguments of :meth:`Trace.accesses`, which judges of accesses take too."""

    during:   Interval
    linear:   Addresses | None
    physical: Addresses | None
    kind:     AccessKind | None
    writes:   bool | None
    user:     bool | None
    implicit: bool | None
    faulted:  bool | None
    function: str | None


class Trace:
    """Everything that happened on the ports of one processor's unit, in the order of cycles.

    The lists may be read directly. The methods look for part of them, ``during`` an interval: what
    was accepted in one of its cycles, or happened in it. Processors count the same cycles.

    Parameters
    ----------
    recording : :class:`sim.record.records.Recording`
        What is on record so far.
    cpu : :class:`int`
        Number of the processor.
    update : callable
        Called before the record is looked at, to complete it.
    """

    def __init__(self, recording: Recording, *, cpu: int = 0,
                 update: Callable[[], None] = lambda: None):
        self.cpu        = cpu
        self._recording = recording
        self._update    = update
        self._tlb: TlbHistory | None = None

    def _complete(self) -> Recording:
        self._update()
        return self._recording

    def _tlb_history(self) -> TlbHistory:
        changes = self.all_tlb_changes
        if self._tlb is None:
            self._tlb = TlbHistory(changes)
        return self._tlb

    @property
    def all_accesses(self) -> Sequence[AccessRecord]:
        """Accesses of the processor."""
        return self._complete().accesses

    @property
    def all_transfers(self) -> Sequence[TransferRecord]:
        """Transfers of physical memory."""
        return self._complete().transfers

    @property
    def all_controls(self) -> Sequence[ControlRecord]:
        """Control operations of the processor."""
        return self._complete().controls

    @property
    def all_interrupts(self) -> list[InterruptRecord]:
        """Interrupts that the processor sent or took."""
        return self._complete().interrupts

    @property
    def all_events(self) -> Sequence[EventRecord]:
        """Strobes of the unit."""
        return self._complete().events

    @property
    def reports_tlb(self) -> bool:
        """True if the changes of the TLB are on record."""
        return self._recording.tlb is not None

    @property
    def all_tlb_changes(self) -> list[TlbRecord]:
        """Changes of the TLB. Raises :class:`LookupError` if the unit did not report them."""
        changes = self._complete().tlb
        if changes is None:
            raise LookupError("a board does not report the changes of its TLB")
        return changes

    @property
    def states(self) -> list[State]:
        """Control registers, each time that they changed."""
        return self._complete().states

    @property
    def marks(self) -> list[Mark]:
        """Functions and claims, each time that they changed."""
        return self._complete().marks

    @property
    def cycles(self) -> int:
        """Cycles recorded."""
        return self._complete().cycles

    def accesses(
        self, *, during: Interval = ALWAYS, linear: Addresses | None = None,
        physical: Addresses | None = None, kind: AccessKind | None = None,
        writes: bool | None = None, user: bool | None = None, implicit: bool | None = None,
        faulted: bool | None = None, function: str | None = None,
    ) -> list[AccessRecord]:
        """Accesses that touch ``linear`` and ``physical`` and are what the rest says.

        ``function`` must be executing. ``physical`` leaves out what was not done.
        """
        found = _begun(self.all_accesses, during)
        # One condition after the other: most of the records meet few of them.
        if linear is not None:
            first, end = bounds(linear)
            found = [a for a in found if a.linear < end and first < a.linear + a.size]
        if physical is not None:
            first, end = bounds(physical)
            found = [a for a in found if a.physical < end and first < a.physical + a.size
                     and a.done]
        if function is not None:
            found = [a for a in found if function in a.mark.stack]
        if kind is not None:
            found = [a for a in found if a.kind == kind]
        if user is not None:
            found = [a for a in found if a.user == user]
        if implicit is not None:
            found = [a for a in found if a.implicit == implicit]
        if writes is not None:
            found = [a for a in found if a.writes == writes]
        if faulted is not None:
            found = [a for a in found if a.faulted == faulted]
        return found

    def faults(
        self, *, during: Interval = ALWAYS, linear: Addresses | None = None,
        user: bool | None = None, function: str | None = None,
    ) -> list[AccessRecord]:
        """Accesses that ended in #PF or #GP."""
        return self.accesses(during=during, linear=linear, user=user,
                             function=function, faulted=True)

    def transfers(
        self, *, during: Interval = ALWAYS, physical: Addresses | None = None,
        write: bool | None = None, lock: bool | None = None, walk: bool | None = None,
        function: str | None = None,
    ) -> list[TransferRecord]:
        """Transfers of physical memory with a byte in ``physical``."""
        found = _begun(self.all_transfers, during)
        if walk is not None:
            found = [t for t in found if t.walk == walk]
        if lock is not None:
            found = [t for t in found if t.lock == lock]
        if write is not None:
            found = [t for t in found if t.write == write]
        if physical is not None:
            found = [t for t in found if t.touches(physical)]
        if function is not None:
            found = [t for t in found if function in t.mark.stack]
        return found

    def controls(
        self, *, during: Interval = ALWAYS, op: ControlOp | None = None,
        register: Register | None = None, function: str | None = None,
    ) -> list[ControlRecord]:
        """Control operations. INVLPG has no register: it is found by ``op``."""
        return [c for c in _begun(self.all_controls, during)
                if (op       is None or c.op == op)
                and (register is None or c.op != ControlOp.INVLPG and c.register == register)
                and (function is None or function in c.mark.stack)]

    def events(self, name: str, *, during: Interval = ALWAYS,
               level: int | None = None) -> list[EventRecord]:
        """Strobes called ``name``."""
        return [e for e in _happened(self.all_events, during)
                if e.name == name and (level is None or e.level == level)]

    def interrupts(self, *, during: Interval = ALWAYS, vector: int | None = None,
                   sent: bool | None = None) -> list[InterruptRecord]:
        """Interrupts that were ``sent``, or taken."""
        return [i for i in _happened(self.all_interrupts, during)
                if (vector is None or i.vector == vector)
                and (sent   is None or (i.target is not None) == sent)]

    def window(self, function: str, *, during: Interval = ALWAYS) -> list[Interval]:
        """Intervals in which ``function`` was executing. Each has an end."""
        return _intervals(self.marks, lambda mark: function in mark.stack, during, self.cycles)

    def between(self, first: str, last: str, *, during: Interval = ALWAYS) -> Interval:
        """Cycles from entering ``first`` to leaving the next ``last``.

        Raises :class:`LookupError` if one of them was not executed.
        """
        for begun in self.window(first, during=during):
            for ended in self.window(last, during=Interval(begun.since, during.until)):
                return Interval(begun.since, ended.until)
        raise LookupError(f"no {first} and {last} after cycle {during.since}")

    def while_state(
        self, holds: Callable[[State], bool], *, during: Interval = ALWAYS,
    ) -> list[Interval]:
        """Intervals in which the control state ``holds``. Each has an end."""
        return _intervals(self.states, holds, during, self.cycles)

    def state_at(self, cycle: int) -> State:
        """Control registers in ``cycle``."""
        return _at(self.states, cycle)

    def tlb_at(self, cycle: int) -> Sequence[TlbEntry]:
        """Translations that both levels of the TLB hold in ``cycle``."""
        return self._tlb_history().at(cycle)

    def cached(self, linear: int, pcid: int, *, cycle: int) -> TlbEntry | None:
        """The translation of ``linear`` in the TLB that serves ``pcid`` in ``cycle``, if any.

        It is that of the first level, if both have one.
        """
        return self._tlb_history().find(linear, pcid, cycle)

    def next_tlb_change(self, linear: int, *, after: int) -> int | None:
        """First cycle later than ``after`` in which the TLB translates ``linear`` otherwise.

        None if what it holds of it stays, or if it never held anything.
        """
        return self._tlb_history().next_change(linear, after=after)

    def linear_at(self, cycle: int) -> int | None:
        """Address of the access that the unit works on in ``cycle``; None if it does not.

        It is the oldest one that has not ended before: accesses end in the order of their begin.
        """
        accesses = self.all_accesses
        place    = bisect_right(accesses, cycle, key=attrgetter("accepted"))
        found    = None
        while place and not 0 <= accesses[place - 1].completed < cycle:
            place -= 1
            found  = accesses[place].linear
        return found

    def mark_at(self, cycle: int) -> Mark:
        """Functions and claim in ``cycle``."""
        return _at(self.marks, cycle)


def _begun(records: Sequence[Begun], during: Interval) -> list[Begun]:
    return _part(records, during, attrgetter("accepted"))


def _happened(records: Sequence[Instant], during: Interval) -> list[Instant]:
    return _part(records, during, attrgetter("cycle"))


def _part(
    records: Sequence[RecordT], during: Interval, cycle: Callable[[RecordT], int],
) -> list[RecordT]:
    start = bisect_left(records, during.since, key=cycle)
    stop  = (len(records) if during.until is None else
             bisect_left(records, during.until, key=cycle))
    return list(records[start:stop])


def _at(records: list[Lasting], cycle: int) -> Lasting:
    index = bisect_right(records, cycle, key=attrgetter("cycle")) - 1
    if index < 0:
        raise LookupError(f"nothing was recorded in cycle {cycle}")
    return records[index]


def _intervals(
    records: list[Lasting], holds: Callable[[Lasting], bool], during: Interval, cycles: int,
) -> list[Interval]:
    intervals: list[Interval] = []
    until = during.end(cycles)
    first = max(0, bisect_right(records, during.since, key=attrgetter("cycle")) - 1)
    part: Sequence[Lasting] = records[first:bisect_left(records, until, key=attrgetter("cycle"))]
    ends  = [*(record.cycle for record in part[1:]), until]
    for record, end in zip(part, ends, strict=False):
        begin = max(record.cycle, during.since)
        if begin >= end or not holds(record):
            continue
        if intervals and intervals[-1].until == begin:
            begin = intervals.pop().since
        intervals.append(Interval(begin, end))
    return intervals
