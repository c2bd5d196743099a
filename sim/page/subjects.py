"""Subjects: addresses whose walks are shown, with their versions in the course of the run."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sim.golden.state import Features
from sim.paging.json import as_json
from sim.paging.versions import versions
from sim.paging.walk import PageWalk, page_walk
from sim.record.history import MemoryHistory
from sim.record.trace import Trace

from .evidence import Path
from .numbered import Numbered


__all__ = ["Command", "Subjects"]


#: The command that shows the walk of an address, for a processor, in a terminal, but for the cycle,
#: its last word; None if the run cannot be repeated.
Command = Callable[[int, int], str | None]


class Subjects:
    """Collects addresses, and walks them.

    Parameters
    ----------
    traces : sequence of :class:`sim.record.trace.Trace`
        The record of each processor.
    history : :class:`sim.record.history.MemoryHistory`
        Its memory in any cycle.
    features : :class:`sim.golden.state.Features`
        What the machine can do.
    end : :class:`int`
        First linear address that no process may use.
    command : :data:`Command` or :class:`None`
        Names the command for a walk; None if the run cannot be repeated.

    Attributes
    ----------
    known : :class:`dict` of :class:`str`
        Paging-structure entries in words, by their physical addresses, as far as walks have met
        them.
    """

    def __init__(self, traces: Sequence[Trace], history: MemoryHistory, features: Features,
                 end: int, command: Command | None):
        self._traces   = traces
        self._history  = history
        self._features = features
        self._end      = end
        self._command  = command
        self._paths    = Numbered[Path]()
        self._walks    = Numbered[str]()
        self.known: dict[int, str] = {}

    def number(self, path: Path | None) -> int | None:
        """Number of the subject of a path; None if there is none."""
        return None if path is None else self._paths.number(path)

    def learn(self, path: Path, cycle: int) -> None:
        """Learn the names of the entries that translate an address in ``cycle``."""
        self._name(page_walk(self._traces, self._history, path.linear, cycle=cycle, cpu=path.cpu,
                             features=self._features))

    def subjects(self) -> list[dict[str, Any]]:
        """All subjects, each with the cycles from which on a walk holds."""
        return [{"linear": hex(path.linear), "cpu": path.cpu,
                 "side": "user" if path.linear < self._end else "kernel",
                 "command": self._command(path.linear, path.cpu) if self._command else None,
                 "walks": self._versions(path)} for path in self._paths.things]

    def walks(self) -> list[Any]:
        """The walks that the subjects name by number, in the shape of `dragoncage walk --json`."""
        return [json.loads(walk) for walk in self._walks.things]

    def _versions(self, path: Path) -> list[list[int]]:
        found: list[list[int]] = []
        for version in versions(self._traces, self._history, path.linear, cpu=path.cpu,
                                features=self._features):
            shown = as_json(version)
            for name in "linear", "cycle", "cpu":
                del shown[name]
            number = self._walks.number(json.dumps(shown))
            if not found or found[-1][1] != number:
                found.append([version.cycle, number])
            self._name(version)
        return found

    def _name(self, walk: PageWalk) -> None:
        for step in walk.steps:
            first = walk.linear & -step.level.region
            self.known.setdefault(step.address, f"the {step.level.name} of {first:#x}")
