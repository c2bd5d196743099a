"""Records of a processor, as lists of JSON's values in the order of cycles."""

from collections.abc import Sequence
from typing import Any

from hw.layout import AccessKind, Fault
from sim.paging.flags import cached_rights_text
from sim.record.records import AccessRecord, InterruptRecord, State
from sim.record.tlb import TlbContents, TlbEntry
from sim.record.trace import Trace
from sim.record.words import describe_control

from .numbered import Numbered


__all__ = ["FAULTS", "KINDS", "interrupts", "records", "tlb_entry"]


#: Names of the kinds of accesses and of faults, by their numbers.
KINDS:  Sequence[str] = [kind.name for kind in AccessKind]
FAULTS: Sequence[str] = [fault.name for fault in Fault]

_KINDS  = {kind: number for number, kind in enumerate(AccessKind)}
_FAULTS = {fault: number for number, fault in enumerate(Fault)}


def records(trace: Trace, functions: Numbered[str],
            entries: Numbered[tuple[int, TlbEntry]], cpu: int) -> dict[str, Any]:
    """All records of one processor but for its transfers and strobes.

    ``functions`` and ``entries`` get the functions and the translations that it names; an entry is
    one of a processor.
    """
    return {
        "marks":    [[mark.cycle, [functions.number(name) for name in mark.stack]]
                     for mark in trace.marks],
        "states":   [[state.cycle, _state(state)] for state in trace.states],
        "accesses": [_access(access) for access in trace.all_accesses],
        "controls": [[control.accepted, control.completed, describe_control(control)]
                     for control in trace.all_controls],
        "tlb":      _tlb(trace, entries, cpu) if trace.reports_tlb else None,
    }


def _state(state: State) -> dict[str, Any]:
    return {"cr0": hex(state.cr0), "cr2": hex(state.cr2), "cr3": hex(state.cr3),
            "cr4": hex(state.cr4), "efer": hex(state.efer), "pg": state.pg, "wp": state.wp,
            "smep": state.smep, "smap": state.smap, "ac": state.ac}


def _access(access: AccessRecord) -> list[Any]:
    value = None
    if access.writes:
        value = hex(access.data)
    elif access.done:
        value = hex(access.result)
    return [access.accepted, access.completed, _KINDS[access.kind], int(access.user),
            int(access.implicit), access.size, hex(access.linear),
            hex(access.physical) if access.done else None, value, _FAULTS[access.fault],
            access.error_code]


def _tlb(trace: Trace, entries: Numbered[tuple[int, TlbEntry]], cpu: int) -> list[list[Any]]:
    """The changes of a TLB: the cycle, the kind, the entry that comes, and those that go."""
    contents, rows = TlbContents(), []
    for change in trace.all_tlb_changes:
        gone = contents.apply(change)
        came = None if change.entry is None else entries.number((cpu, change.entry))
        rows.append([change.cycle, change.change.value, came,
                     [entries.number((cpu, entry)) for entry in gone]])
    return rows


def tlb_entry(entry: TlbEntry, stale: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """A translation that a TLB held, and the intervals in which memory said otherwise."""
    return {"linear": hex(entry.linear), "physical": hex(entry.physical), "size": entry.size,
            "rights": cached_rights_text(entry), "dirty": entry.dirty,
            "global": entry.global_page, "filled": entry.filled,
            "stale": [list(interval) for interval in stale]}


def interrupts(traces: Sequence[Trace]) -> list[list[Any]]:
    """Interrupts of all processors: cycle, processor, and what it did."""
    found = [(interrupt.cycle, cpu, _interrupt(interrupt))
             for cpu, trace in enumerate(traces) for interrupt in trace.all_interrupts]
    return [list(row) for row in sorted(found)]


def _interrupt(interrupt: InterruptRecord) -> str:
    if interrupt.target is None:
        return f"takes interrupt {interrupt.vector:#x}"
    return f"sends interrupt {interrupt.vector:#x} to processor {interrupt.target}"
