"""Traces of runs: kept, and compared."""

from dataclasses import dataclass, field
from typing import Any


__all__ = ["Kept", "assert_same"]


LISTS = ("all_accesses", "all_transfers", "all_controls", "all_interrupts", "all_events", "states",
         "marks")


def assert_same(one, other):
    """Two traces record the same, in the same cycles; changes of the TLB if both have them."""
    for left, right in [*((getattr(one, name), getattr(other, name)) for name in LISTS),
                        tlb_changes(one, other)]:
        for record, counterpart in zip(left, right, strict=False):
            assert record == counterpart
        assert len(left) == len(right)
    assert one.cycles == other.cycles


def tlb_changes(*traces):
    """Changes of the TLB in each of ``traces``; none, if a board is among them."""
    try:
        return [trace.all_tlb_changes for trace in traces]
    except LookupError:
        return [[] for _ in traces]


@dataclass
class Kept:
    """An export that keeps the traces of a run."""

    name:   str  = "kept"
    viewed: bool = False
    traces: list[Any] = field(default_factory=list)

    def write(self, run, stage, viewed):
        """Keep them."""
        self.traces += stage.traces
