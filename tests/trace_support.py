"""Traces of runs: kept, and compared."""

from dataclasses import dataclass, field
from typing import Any


__all__ = ["Kept", "assert_same"]


LISTS = ("all_accesses", "all_transfers", "all_controls", "all_interrupts", "all_events", "states",
         "marks")


def assert_same(one, other):
    """Two traces record the same, in the same cycles."""
    for name in LISTS:
        for left, right in zip(getattr(one, name), getattr(other, name), strict=False):
            assert left == right
        assert len(getattr(one, name)) == len(getattr(other, name))
    assert one.cycles == other.cycles


@dataclass
class Kept:
    """An export that keeps the traces of a run."""

    name:   str  = "kept"
    viewed: bool = False
    traces: list[Any] = field(default_factory=list)

    def write(self, run, stage, viewed):
        """Keep them."""
        self.traces += stage.traces
