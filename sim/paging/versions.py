"""Versions of a walk: how the translation of one address changes in the course of a run."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from sim.golden.permission import Attempt
from sim.golden.state import Features, PagingMode
from sim.record.history import MemoryHistory
from sim.record.records import State
from sim.record.trace import Trace

from .walk import ATTEMPTS, PageWalk, page_walk, pdpte_address


__all__ = ["Versions"]


class Versions:
    """Versions of any walk in a run that is over.

    It takes as long as there are versions in the cycles that are asked for, however long the run
    is and however often one asks.

    Parameters
    ----------
    traces : sequence of :class:`sim.record.trace.Trace`
        The record of all processors, by number.
    history : :class:`sim.record.history.MemoryHistory`
        Memory, from the same record.
    features : :class:`sim.golden.state.Features`
        Features of the unit.
    """

    def __init__(self, traces: Sequence[Trace], history: MemoryHistory, features: Features):
        self._traces    = traces
        self._history   = history
        self._features  = features
        self._registers = [list(_of_registers(trace.states)) for trace in traces]

    def of(self, linear: int, *, cpu: int, cr3: int | None = None, since: int = 0,
           until: int | None = None, attempts: Mapping[str, Attempt] = ATTEMPTS,
           ) -> Iterator[PageWalk]:
        """The walks of ``linear`` from cycle ``since`` to the one before ``until``, or to the end.

        Each holds from its cycle on, until the cycle of the next. Two that follow each other may
        be alike: a change that could have made a difference lies between them. The tables are
        those of ``cr3``, or else those that the processor has loaded; ``attempts`` are judged.
        """
        end = self._traces[cpu].cycles
        if until is not None:
            end = min(end, until)
        cycle: int | None = since
        while cycle is not None and cycle < end:
            found = page_walk(self._traces, self._history, linear, cycle=cycle, cpu=cpu,
                              cr3=cr3, features=self._features, attempts=attempts)
            yield found
            cycle = min(self._changes(found), default=None)

    def first(self, cr3: int) -> int:
        """First cycle in which a processor has this CR3.

        Raises :class:`LookupError` if none ever has.
        """
        found = [state.cycle for trace in self._traces for state in trace.states
                 if state.cr3 == cr3]
        if not found:
            raise LookupError(f"no processor has the CR3 {cr3:#x}")
        return min(found)

    def _changes(self, walk: PageWalk) -> Iterator[int]:
        """First cycle later than that of a walk in which each thing that it depends on changes."""
        registers = self._registers[walk.cpu]
        place     = bisect_right(registers, walk.cycle)
        yield from registers[place:place + 1]
        if walk.tlb_reported:
            turn = self._traces[walk.cpu].next_tlb_change(walk.linear, after=walk.cycle)
            if turn is not None:
                yield turn
        entries = [(step.address, step.level.entry_size) for step in walk.steps]
        if walk.state.mode is PagingMode.PAE and not walk.loaded:
            entries.append((pdpte_address(walk.state.cr3, walk.linear), 8))
        for address, size in entries:
            store = self._history.next_store(address, size, cycle=walk.cycle)
            if store is not None:
                yield store.transfer.accepted + 1


def _of_registers(states: Sequence[State]) -> Iterator[int]:
    """Cycles from which on a register counts that a walk depends on; CR2 is none."""
    before = None
    for state in states:
        now = (state.cr0, state.cr3, state.cr4, state.efer, state.ac, state.pkru, state.pkrs,
               state.pdptes)
        if now != before:
            yield state.cycle
        before = now
