"""Records of a processor, as lists of JSON's values in the order of cycles."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hw.layout import AccessKind, Fault
from sim.paging.flags import cached_rights_text
from sim.record.records import AccessRecord, InterruptRecord, State
from sim.record.tlb import TlbContents, TlbEntry
from sim.record.trace import Trace
from sim.record.words import describe_control


__all__ = ["FAULTS", "KINDS", "Interrupt", "functions_of", "interrupts", "records", "tlb_entries",
           "tlb_entry"]


#: Names of the kinds of accesses and of faults, by their numbers.
KINDS:  Sequence[str] = [kind.name for kind in AccessKind]
FAULTS: Sequence[str] = [fault.name for fault in Fault]

_KINDS  = {kind: number for number, kind in enumerate(AccessKind)}
_FAULTS = {fault: number for number, fault in enumerate(Fault)}


class Interrupt(NamedTuple):
    """An interrupt, in words."""

    cycle: int
    cpu:   int
    text:  str


def functions_of(traces: Sequence[Trace]) -> Iterator[str]:
    """Functions of the kernel that are executed, and before them the empty one: user code."""
    yield ""
    for trace in traces:
        for mark in trace.marks:
            yield from mark.stack


def tlb_entries(traces: Sequence[Trace]) -> Iterator[tuple[int, TlbEntry]]:
    """Translations that come into the TLB of each processor, with its number."""
    for cpu, trace in enumerate(traces):
        if trace.reports_tlb:
            for change in trace.all_tlb_changes:
                if change.entry is not None:
                    yield cpu, change.entry


def records(trace: Trace, functions: Mapping[str, int],
            entries: Mapping[tuple[int, TlbEntry], int], cpu: int) -> dict[str, Any]:
    """All records of one processor but for its transfers and strobes.

    ``functions`` and ``entries`` are the numbers of what it names: those of :func:`functions_of`,
    and those of :func:`tlb_entries`.
    """
    return {
        "marks":    [[mark.cycle, [functions[name] for name in mark.stack]]
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


def _tlb(trace: Trace, entries: Mapping[tuple[int, TlbEntry], int],
         cpu: int) -> list[list[Any]]:
    """The changes of a TLB: the cycle, the kind, the entry that comes, and those that go."""
    contents, rows = TlbContents(), []
    for change in trace.all_tlb_changes:
        gone = contents.apply(change)
        came = None if change.entry is None else entries[cpu, change.entry]
        rows.append([change.cycle, change.change.value, came,
                     [entries[cpu, entry] for entry in gone]])
    return rows


def tlb_entry(entry: TlbEntry, stale: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """A translation that a TLB held, and the intervals in which memory said otherwise."""
    return {"linear": hex(entry.linear), "physical": hex(entry.physical), "size": entry.size,
            "rights": cached_rights_text(entry), "dirty": entry.dirty,
            "global": entry.global_page, "large": entry.large, "level": entry.level,
            "filled": entry.filled, "stale": [list(interval) for interval in stale]}


def interrupts(traces: Sequence[Trace]) -> list[Interrupt]:
    """Interrupts of all processors, in the order of cycles."""
    return sorted(Interrupt(interrupt.cycle, cpu, _interrupt(interrupt))
                  for cpu, trace in enumerate(traces) for interrupt in trace.all_interrupts)


def _interrupt(interrupt: InterruptRecord) -> str:
    if interrupt.target is None:
        return f"takes interrupt {interrupt.vector:#x}"
    return f"sends interrupt {interrupt.vector:#x} to processor {interrupt.target}"
