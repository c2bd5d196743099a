"""Documents of runs, and what they say of a cycle."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Any

from sim.page.document import document
from sim.scenario.run import Run
from sim.scenario.stage import Stage
from sim.scenarios import SCENARIOS


__all__ = ["Played", "at", "played", "tlb_at"]


@dataclass
class Played:
    """A run that was played once: its document, and what it was made of."""

    name: str = "played"
    viewed: bool = True
    run: Run = None
    stage: Stage = None
    document: dict[str, Any] = None
    signals: Any = None

    def write(self, run, stage, viewed):
        """Make the document instead of writing it."""
        self.run, self.stage, self.signals = run, stage, viewed
        self.document = document(run, stage, viewed)


@cache
def played(name, mode="4level"):
    """A scenario, played on the compiled engine."""
    taken = Played()
    assert SCENARIOS[name].perform(engine="cxxrtl", era="5.x", mode=mode, exports=[taken]).holds
    return taken


def at(rows, cycle):
    """The last of some rows, which begin with their cycle, that is at or before a cycle."""
    return rows[bisect_right(rows, cycle, key=lambda row: row[0]) - 1]


def tlb_at(found, cpu, cycle):
    """Numbers of the translations that a document says are in a TLB."""
    held = []
    for changed, _, came, gone in found["traces"][cpu]["tlb"]:
        if changed < cycle:
            held = [number for number in held if number not in gone]
            held += [] if came is None else [came]
    return held
