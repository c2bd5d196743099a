"""Recorded runs, matched step by step with runs of abstract MMUs on one memory.

The steps of all processors are taken in the order of cycles. Each must be a step of the abstract
machine; the first that is none is named.

Ref: Intel SDM Vol. 3A, sections 4.10 "Caching Translation Information" and 8.1 "Locked Atomic
Operations".
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from hw.layout import AccessKind, Fault
from sim.errors import Unsuited
from sim.record.records import (
    AccessRecord, ControlRecord, InterruptRecord, State, TransferRecord,
)
from sim.record.trace import Trace

from .memory import KnownMemory
from .mmu import AbstractMmu


__all__ = ["Checked", "Complaint", "check"]


_LOADS = AccessKind.READ, AccessKind.FETCH

#: Most transfers of a locked access: of two words, both of which are read and written.
MOST_PARTS = 4


class Complaint(NamedTuple):
    """A step that no abstract machine makes.

    Attributes
    ----------
    cycle, cpu : :class:`int`
        The cycle of the step, and its processor.
    text : :class:`str`
        What is wrong with it.
    """

    cycle: int
    cpu:   int
    text:  str

    def __str__(self) -> str:
        return f"cycle {self.cycle:,}, processor {self.cpu}: {self.text}"


class Checked(NamedTuple):
    """Result of a check.

    Attributes
    ----------
    steps : :class:`int`
        Steps that were matched.
    complaint : :class:`Complaint` or :class:`None`
        The first one that was not.
    """

    steps:     int
    complaint: Complaint | None


Record = AccessRecord | ControlRecord | TransferRecord | InterruptRecord


def check(traces: Sequence[Trace], maxphyaddr: int) -> Checked:
    """Match a run, of which these are the records, with a run of the abstract machine.

    Raises :class:`sim.errors.Unsuited` for a run with bus errors, which that has not.
    """
    checker = _Checker(traces, maxphyaddr)
    count   = 0
    for cycle, _, cpu, record in sorted(_steps(traces), key=lambda step: step[:3]):
        complaint = checker.step(cpu, record)
        if complaint:
            return Checked(count, Complaint(cycle, cpu, complaint))
        count += 1
    return Checked(count, None)


def _steps(traces: Sequence[Trace]) -> Iterator[tuple[int, int, int, Record]]:
    """Yield what happened: the cycle, its place in the cycle, the processor, the record.

    An access counts when it ends; so does a control operation, as it takes effect then.
    """
    for cpu, trace in enumerate(traces):
        for access in trace.all_accesses:
            if access.completed >= 0:
                yield access.completed, 1, cpu, access
        for control in trace.all_controls:
            if control.completed >= 0:
                yield control.completed, 0, cpu, control
        for transfer in trace.all_transfers:
            if transfer.acked >= 0:
                yield transfer.accepted, 2, cpu, transfer
        for interrupt in trace.all_interrupts:
            yield interrupt.cycle, 3, cpu, interrupt


class _Processor:
    """One processor: its MMU, and its accesses whose transfers are to come."""

    def __init__(self, trace: Trace, maxphyaddr: int):
        self.mmu    = AbstractMmu(maxphyaddr)
        self.states = trace.states
        self._cycles = [state.cycle for state in trace.states]
        self._controls = trace.all_controls
        self._begun    = [control.accepted for control in trace.all_controls]
        #: Accesses that make transfers, in their order.
        self.accesses = deque(access for access in trace.all_accesses
                              if access.fault is Fault.NONE)
        #: Transfers that the oldest of them has made.
        self.made: list[TransferRecord] = []
        self.waiting: set[int] = set()  # vectors of interrupts
        self.locks = _locks([transfer for transfer in trace.all_transfers
                             if transfer.lock and transfer.acked >= 0])
        self._to_end = deque(trace.all_accesses)

    def state(self, cycle: int) -> State:
        """Its control registers in a cycle."""
        return self.states[max(bisect_right(self._cycles, cycle) - 1, 0)]

    def in_progress(self, cycle: int) -> list[AccessRecord]:
        """Accesses that were accepted by this cycle, which is later than those before, and go on.
        """
        while self._to_end and 0 <= self._to_end[0].completed < cycle:
            self._to_end.popleft()
        return [*takewhile(lambda access: access.accepted <= cycle, self._to_end)]

    def control(self, cycle: int) -> ControlRecord | None:
        """The control operation that is accepted next: what it needs is read before."""
        index = bisect_right(self._begun, cycle)
        return self._controls[index] if index < len(self._controls) else None


def _locks(locked: Sequence[TransferRecord]) -> set[int]:
    """Cycles of transfers behind which the bus stays locked, of a processor's locked transfers.

    A read that no write of its word follows is an access of its own: a compare-and-exchange, or an
    update of flags, that has found another value than it wants.
    """
    return {locked[number].accepted for number in range(len(locked))
            if _goes_on(locked[number], locked[number + 1:number + MOST_PARTS])}


def _goes_on(transfer: TransferRecord, later: Sequence[TransferRecord]) -> bool:
    for other in later:
        if transfer.write or other.address == transfer.address:
            return other.write
    return False


class _Checker:
    """A run in progress."""

    def __init__(self, traces: Sequence[Trace], maxphyaddr: int):
        self._processors = [_Processor(trace, maxphyaddr) for trace in traces]
        self._memory     = KnownMemory()
        self._locker: int | None = None  # who is within a locked access

    def step(self, cpu: int, record: Record) -> str:
        """Make a step; return what is wrong with it."""
        processor = self._processors[cpu]
        if isinstance(record, TransferRecord):
            return self._transfer(cpu, processor, record)
        if isinstance(record, AccessRecord):
            if record.fault is Fault.BUS_ERROR:
                raise Unsuited("the run has a bus error, which the abstract machine has not")
            return processor.mmu.ends(record)
        if isinstance(record, ControlRecord):
            return processor.mmu.control(record, processor.state(record.accepted),
                                         processor.state(record.completed + 1))
        return self._interrupt(processor, record)

    def _interrupt(self, processor: _Processor, record: InterruptRecord) -> str:
        if record.target is not None:
            if record.target < len(self._processors):
                self._processors[record.target].waiting.add(record.vector)
        elif record.vector not in processor.waiting:
            return f"takes the interrupt {record.vector:#x}, which nobody has sent"
        else:
            processor.waiting.remove(record.vector)
        return ""

    def _transfer(self, cpu: int, processor: _Processor, transfer: TransferRecord) -> str:
        if self._locker not in (None, cpu):
            return f"reaches memory within a locked access of processor {self._locker}"
        self._locker = cpu if transfer.accepted in processor.locks else None
        if not self._memory.transfer(transfer):
            return f"reads {transfer.data:#x} at {transfer.address:#x}, which is not there"
        if transfer.walk:
            return processor.mmu.walk(transfer, processor.state(transfer.accepted),
                                      processor.in_progress(transfer.accepted))
        return self._data(processor, transfer)

    def _data(self, processor: _Processor, transfer: TransferRecord) -> str:
        """A transfer of an access: of the oldest that has not made all of its own."""
        if not processor.accesses or processor.accesses[0].accepted > transfer.accepted:
            return processor.mmu.load(transfer, processor.control(transfer.accepted),
                                      processor.state(transfer.accepted))
        access = processor.accesses[0]
        parts  = _parts(access)
        number = len(processor.made)
        write  = access.kind is AccessKind.WRITE or number >= len(parts)
        offset, size = parts[number % len(parts)]
        if transfer.write != write:
            verb = "writes" if transfer.write else "reads"
            return f"{verb} {transfer.address:#x} in {_told(access)}"
        if not any(_is_of(transfer, place + offset - first, size)
                   for first, (linear, count, places) in _placed(processor.mmu, access)
                   if first <= offset < first + count for place in places):
            return (f"reaches {transfer.address:#x} for {_told(access)}: no translation that it "
                    "may have allows it")
        if write and _bytes(transfer, size) != access.data >> 8 * offset & (1 << 8 * size) - 1:
            return f"stores {transfer.data:#x} at {transfer.address:#x} in {_told(access)}"
        if not write and _bytes(transfer, size) != (
                access.result >> 8 * offset & (1 << 8 * size) - 1) and access.completed >= 0:
            return f"gives {access.result:#x} to {_told(access)}, and has read {transfer.data:#x}"
        locked = access.kind not in (AccessKind.WRITE, *_LOADS)
        if locked != transfer.lock:
            return f"reaches {transfer.address:#x} in {_told(access)}, and the bus is " + (
                "locked" if transfer.lock else "not locked")
        processor.made.append(transfer)
        if len(processor.made) == len(parts) * (1 + _both(access)):
            processor.accesses.popleft()
            processor.made.clear()
        return ""


def _both(access: AccessRecord) -> bool:
    """Tell whether an access reads and writes."""
    return access.kind is AccessKind.EXCHANGE or (
        access.kind is AccessKind.COMPARE_EXCHANGE and access.result == access.compare)


def _parts(access: AccessRecord) -> list[tuple[int, int]]:
    """Parts of an access in words of 8 bytes: offset of the first byte, and how many."""
    first = min(access.size, 8 - access.linear % 8)
    return [(0, first)] + ([(first, access.size - first)] if first < access.size else [])


def _placed(mmu: AbstractMmu, access: AccessRecord) -> Iterator[
        tuple[int, tuple[int, int, list[int]]]]:
    """Yield the parts of an access in pages, each with the offset of its first byte."""
    for part in mmu.places(access):
        yield part[0] - access.linear, part


def _is_of(transfer: TransferRecord, physical: int, size: int) -> bool:
    """Tell whether a transfer is that of some bytes of one word."""
    lanes = ((1 << size) - 1) << physical % 8
    return transfer.address == physical & -8 and transfer.sel == lanes


def _bytes(transfer: TransferRecord, size: int) -> int:
    """The bytes of a transfer, of which it has ``size`` in a row."""
    first = (transfer.sel & -transfer.sel).bit_length() - 1
    return transfer.data >> 8 * first & (1 << 8 * size) - 1


def _told(access: AccessRecord) -> str:
    who  = "a user's" if access.user and not access.implicit else "the kernel's"
    what = access.kind.name.lower().replace("_", " and ")
    return f"{who} {what} of {access.size} bytes at {access.linear:#x}"
