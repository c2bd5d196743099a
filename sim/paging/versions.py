"""Versions of a walk: how the translation of one address changes in the course of a run."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain

from sim.golden.state import Features
from sim.record.history import MemoryHistory
from sim.record.records import State
from sim.record.tlb import TlbContents
from sim.record.trace import Trace

from .walk import PageWalk, page_walk


__all__ = ["versions"]


def versions(traces: Sequence[Trace], history: MemoryHistory, linear: int, *, cpu: int,
             features: Features, since: int = 0) -> Iterator[PageWalk]:
    """The walks of ``linear`` from cycle ``since`` to the end of the record, one after another.

    Each holds from its cycle on, until the cycle of the next. Two that follow each other may be
    alike: a change that could have made a difference lies between them.
    """
    trace  = traces[cpu]
    others = sorted({*_of_registers(trace.states), *_of_tlb(trace, linear)})
    cycle  = since
    while True:
        found = page_walk(traces, history, linear, cycle=cycle, cpu=cpu, features=features)
        yield found
        stores  = (history.next_store(step.address, step.level.entry_size, cycle=cycle)
                   for step in found.steps)
        later   = others[bisect_right(others, cycle):bisect_right(others, cycle) + 1]
        changes = [*chain(later, (store.transfer.accepted + 1 for store in stores
                                  if store is not None))]
        if not changes or min(changes) >= trace.cycles:
            return
        cycle = min(changes)


def _of_registers(states: Sequence[State]) -> Iterator[int]:
    """Cycles from which on a register counts that a walk depends on; CR2 is none."""
    before = None
    for state in states:
        now = state.cr0, state.cr3, state.cr4, state.efer, state.ac
        if now != before:
            yield state.cycle
        before = now


def _of_tlb(trace: Trace, linear: int) -> Iterator[int]:
    """Cycles from which on the TLB holds another translation of ``linear``, or none."""
    if not trace.reports_tlb:
        return
    contents, before = TlbContents(), None
    for change in trace.all_tlb_changes:
        contents.apply(change)
        now = contents.find(linear)
        if now != before:
            yield change.cycle + 1
        before = now
