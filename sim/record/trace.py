"""The record of the ports: what happened, in which cycle, while the kernel was in which function.

A trace is filled from sampled signals only, by :mod:`.recorder`; nothing that the kernel says
about itself enters it but the marks, which are signals too.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from operator import attrgetter
from typing import TypeVar

from hw.bus import ControlOp, Register
from hw.layout import AccessKind

from .records import (
    AccessRecord, Addresses, ControlRecord, EventRecord, InterruptRecord, Mark, Recording, State,
    TransferRecord, overlaps,
)


__all__ = ["Trace"]


Begun   = TypeVar("Begun", AccessRecord, TransferRecord, ControlRecord)
Lasting = TypeVar("Lasting", State, Mark)


class Trace:
    """Everything that happened on the ports of one processor's unit, in the order of cycles.

    The lists may be read directly. The methods look for part of them: ``since`` is the first
    cycle that counts, ``until`` the first that does not, by the cycle of the request. Processors
    count the same cycles.

    Parameters
    ----------
    recording : :class:`sim.record.records.Recording`
        What is on record so far.
    update : callable
        Called before the record is looked at, to complete it.
    """

    def __init__(self, recording: Recording, *, update: Callable[[], None] = lambda: None):
        self._recording = recording
        self._update    = update

    def _complete(self) -> Recording:
        self._update()
        return self._recording

    @property
    def all_accesses(self) -> list[AccessRecord]:
        """Accesses of the processor."""
        return self._complete().accesses

    @property
    def all_transfers(self) -> list[TransferRecord]:
        """Transfers of physical memory."""
        return self._complete().transfers

    @property
    def all_controls(self) -> list[ControlRecord]:
        """Control operations of the processor."""
        return self._complete().controls

    @property
    def all_interrupts(self) -> list[InterruptRecord]:
        """Interrupts that the processor sent or took."""
        return self._complete().interrupts

    @property
    def all_events(self) -> list[EventRecord]:
        """Strobes of the unit."""
        return self._complete().events

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
        self, *, since: int = 0, until: int | None = None, linear: Addresses | None = None,
        physical: Addresses | None = None, kind: AccessKind | None = None,
        writes: bool | None = None, user: bool | None = None, implicit: bool | None = None,
        faulted: bool | None = None, function: str | None = None,
    ) -> list[AccessRecord]:
        """Accesses that touch ``linear`` and ``physical`` and are what the rest says.

        ``function`` must be executing. ``physical`` leaves out what was not done.
        """
        return [a for a in _between(self.all_accesses, since, until)
                if (linear   is None or overlaps(a.linear, a.size, linear))
                and (physical is None or a.done and overlaps(a.physical, a.size, physical))
                and (kind     is None or a.kind == kind)
                and (writes   is None or a.writes == writes)
                and (user     is None or a.user == user)
                and (implicit is None or a.implicit == implicit)
                and (faulted  is None or a.faulted == faulted)
                and (function is None or function in a.mark.stack)]

    def faults(
        self, *, since: int = 0, until: int | None = None, linear: Addresses | None = None,
        user: bool | None = None, function: str | None = None,
    ) -> list[AccessRecord]:
        """Accesses that ended in #PF or #GP."""
        return self.accesses(since=since, until=until, linear=linear, user=user,
                             function=function, faulted=True)

    def transfers(
        self, *, since: int = 0, until: int | None = None, physical: Addresses | None = None,
        write: bool | None = None, lock: bool | None = None, walk: bool | None = None,
        function: str | None = None,
    ) -> list[TransferRecord]:
        """Transfers of physical memory with a byte in ``physical``."""
        return [t for t in _between(self.all_transfers, since, until)
                if (write    is None or t.write == write)
                and (lock     is None or t.lock == lock)
                and (walk     is None or t.walk == walk)
                and (function is None or function in t.mark.stack)
                and (physical is None or t.touches(physical))]

    def controls(
        self, *, since: int = 0, until: int | None = None, op: ControlOp | None = None,
        register: Register | None = None, function: str | None = None,
    ) -> list[ControlRecord]:
        """Control operations. INVLPG has no register: ask for it by ``op``."""
        return [c for c in _between(self.all_controls, since, until)
                if (op       is None or c.op == op)
                and (register is None or c.op != ControlOp.INVLPG and c.register == register)
                and (function is None or function in c.mark.stack)]

    def events(self, name: str, *, since: int = 0, until: int | None = None,
               level: int | None = None) -> list[EventRecord]:
        """Strobes called ``name``."""
        found = self.all_events
        start = bisect_left(found, since, key=attrgetter("cycle"))
        return [e for e in found[start:]
                if (until is None or e.cycle < until)
                and e.name == name and (level is None or e.level == level)]

    def interrupts(self, *, since: int = 0, until: int | None = None, vector: int | None = None,
                   sent: bool | None = None) -> list[InterruptRecord]:
        """Interrupts that were ``sent``, or taken."""
        found = self.all_interrupts
        start = bisect_left(found, since, key=attrgetter("cycle"))
        return [i for i in found[start:]
                if (until  is None or i.cycle < until)
                and (vector is None or i.vector == vector)
                and (sent   is None or (i.target is not None) == sent)]

    def window(self, function: str, *, since: int = 0,
               until: int | None = None) -> list[tuple[int, int]]:
        """Stretches of cycles in which ``function`` was executing: first, and first after."""
        return _stretches(self.marks, lambda mark: function in mark.stack,
                          since, self.cycles if until is None else until)

    def between(self, first: str, last: str, *, since: int = 0,
                until: int | None = None) -> tuple[int, int]:
        """Cycles from entering ``first`` to leaving the next ``last``: first, and first after.

        Raises :class:`LookupError` if one of them was not executed.
        """
        for begin, _ in self.window(first, since=since, until=until):
            for _, end in self.window(last, since=begin, until=until):
                return begin, end
        raise LookupError(f"no {first} and {last} after cycle {since}")

    def while_state(self, holds: Callable[[State], bool], *, since: int = 0,
                    until: int | None = None) -> list[tuple[int, int]]:
        """Stretches of cycles in which the control state ``holds``: first, and first after."""
        return _stretches(self.states, holds, since, self.cycles if until is None else until)

    def state_at(self, cycle: int) -> State:
        """Control registers in ``cycle``."""
        return _at(self.states, cycle)

    def mark_at(self, cycle: int) -> Mark:
        """Functions and claim in ``cycle``."""
        return _at(self.marks, cycle)


def _between(records: list[Begun], since: int, until: int | None) -> list[Begun]:
    key   = attrgetter("accepted")
    start = bisect_left(records, since, key=key)
    stop  = len(records) if until is None else bisect_left(records, until, key=key)
    return records[start:stop]


def _at(records: list[Lasting], cycle: int) -> Lasting:
    index = bisect_right(records, cycle, key=attrgetter("cycle")) - 1
    if index < 0:
        raise LookupError(f"nothing was recorded in cycle {cycle}")
    return records[index]


def _stretches(
    records: list[Lasting], holds: Callable[[Lasting], bool], since: int, until: int,
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for index, record in enumerate(records):
        after = records[index + 1].cycle if index + 1 < len(records) else until
        begin, end = max(record.cycle, since), min(after, until)
        if begin >= end or not holds(record):
            continue
        if found and found[-1][1] == begin:
            begin = found.pop()[0]
        found.append((begin, end))
    return found
