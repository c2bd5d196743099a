"""Stops of the cursor: cycles in which something happens, and what."""

from collections.abc import Iterator, Sequence
from typing import Any

from sim.record.trace import Trace
from sim.scenario.acts import Act

from .records import Interrupt
from .tables import EntryStore


__all__ = ["stops"]


Stop = tuple[int, str, int, int]


def stops(acts: Sequence[Act], traces: Sequence[Trace], stores: Sequence[EntryStore],
          interrupts: Sequence[Interrupt]) -> list[list[Any]]:
    """The stops of a run, in the order of cycles: cycle, kind, processor and number.

    The number is a place in the list of its kind: acts and claims of the run, accesses, controls
    and changes of the TLB of the processor, stores and interrupts of all. A fault is an access.
    """
    claims = [claim for act in acts for claim in act.claims]
    found: list[Stop] = [
        *((act.since, "act", 0, number) for number, act in enumerate(acts)),
        *((claim.cycle, "claim", claim.cpu, number)
          for number, claim in enumerate(claims) if claim.cycle is not None),
        *((store.cycle, "table", store.cpu, number) for number, store in enumerate(stores)),
        *((interrupt.cycle, "interrupt", interrupt.cpu, number)
          for number, interrupt in enumerate(interrupts)),
        *(stop for cpu, trace in enumerate(traces) for stop in _of_processor(cpu, trace))]
    return [list(stop) for stop in sorted(found)]


def _of_processor(cpu: int, trace: Trace) -> Iterator[Stop]:
    for number, access in enumerate(trace.all_accesses):
        yield access.accepted, "access", cpu, number
        if access.faulted:
            yield access.completed, "fault", cpu, number
    for number, control in enumerate(trace.all_controls):
        yield control.accepted, "control", cpu, number
    if trace.reports_tlb:
        for number, change in enumerate(trace.all_tlb_changes):
            yield change.cycle, "tlb", cpu, number
