"""Flows: a page fault leads to its handler, an interrupt to the processor that takes it, INVLPG to
the change of the TLB.

Records are named by their indices in the lists that they are in.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from hw.bus import ControlOp
from hw.layout import Fault
from sim.record.records import AccessRecord, ControlRecord, InterruptRecord
from sim.record.tlb import TlbChange, TlbRecord

from .slices import Slice


__all__ = ["Flows", "deliveries", "handlers", "invalidations"]


class Flows:
    """Makes flows between slices, each with a number of its own.

    What leads to one slice has the flow of that slice: several interrupts that are taken at once
    are one flow.
    """

    def __init__(self) -> None:
        self._last = 0

    def join(self, sources: list[Slice], targets: list[Slice],
             pairs: Iterable[tuple[int, int]]) -> None:
        """Let slices of one list lead to slices of another, which may be the same list."""
        for source, target in pairs:
            number = targets[target].led
            if number is None:
                self._last = number = self._last + 1
                targets[target] = targets[target]._replace(led=number)
            sources[source] = sources[source]._replace(leads=number)


def handlers(
    accesses: Sequence[AccessRecord], functions: Sequence[Slice],
) -> Iterator[tuple[int, int]]:
    """Accesses that end in #PF, each with the function that is entered next.

    ``functions`` come in the order in which they are entered.
    """
    for index, access in enumerate(accesses):
        if access.fault == Fault.PAGE_FAULT:
            entered = bisect_left(functions, access.completed, key=lambda call: call.since)
            if entered < len(functions):
                yield index, entered


def deliveries(
    interrupts: Sequence[Sequence[InterruptRecord]],
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Interrupts that were sent, each with the record of its being taken.

    ``interrupts`` are those of all processors, by number; what is named is a processor and an index
    in its list. While one waits, others of its vector are taken together with it.
    """
    waiting: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    # One that is sent is pending from the next cycle on: those taken in a cycle come first.
    events = sorted((record.cycle, record.target is not None, cpu, index)
                    for cpu, records in enumerate(interrupts)
                    for index, record in enumerate(records))
    for _, _, cpu, index in events:
        record = interrupts[cpu][index]
        if record.target is not None:
            waiting[record.target, record.vector].append((cpu, index))
        else:
            for sent in waiting.pop((cpu, record.vector), ()):
                yield sent, (cpu, index)


def invalidations(
    controls: Sequence[ControlRecord], changes: Sequence[TlbRecord],
) -> Iterator[tuple[int, int]]:
    """INVLPGs, each with the change of the TLB that it makes."""
    made = [index for index, change in enumerate(changes)
            if change.change is TlbChange.INVALIDATED]
    for index, control in enumerate(controls):
        if control.op == ControlOp.INVLPG:
            place = bisect_left(made, control.accepted, key=lambda index: changes[index].cycle)
            if place < len(made) and changes[made[place]].cycle <= control.completed:
                yield index, made[place]
