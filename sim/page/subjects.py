"""Subjects: addresses whose walks are shown, with their versions in the course of the run."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.paging.json import as_json
from sim.paging.versions import Versions
from sim.paging.walk import PageWalk
from sim.record.tlb import TlbEntry

from .evidence import PAGE, Path
from .numbered import Numbered


__all__ = ["Command", "Walks", "subject", "walks_of"]


#: The command that shows the walk of an address, for a processor and a CR3, in a terminal, but for
#: the cycle, its last word; None if the run cannot be repeated.
Command = Callable[[int, int, int], str | None]


@dataclass(frozen=True)
class Walks:
    """Walks of all subjects.

    Attributes
    ----------
    shown : sequence
        The walks as JSON has them, each once.
    versions : sequence of :class:`list`
        For each subject the cycles from which on a walk holds, with its place in ``shown``.
    frames : :class:`tuple` of :class:`int`
        Frames in which the paths of the subjects end, in the order of subjects and cycles.
    entries : mapping of :class:`int` to :class:`str`
        The paging-structure entries that were met, in words, by their physical addresses.
    """

    shown:    Sequence[Any]
    versions: Sequence[list[list[int]]]
    frames:   tuple[int, ...]
    entries:  Mapping[int, str]


def walks_of(subjects: Iterable[Path], cached: Iterable[tuple[int, TlbEntry]],
             versions: Versions) -> Walks:
    """Walk the subjects in the course of the run, each since a processor has its CR3.

    Paging-structure entries are met on the way, and where a translation came from that was
    ``cached`` by a processor.
    """
    found = [list(versions.of(path.linear, cpu=path.cpu, cr3=path.cr3,
                              since=versions.first(path.cr3))) for path in subjects]
    fills = [walk for cpu, entry in cached
             for walk in versions.of(entry.linear, cpu=cpu, since=entry.filled,
                                     until=entry.filled + 1, attempts={})]
    shown: Numbered[str] = Numbered()
    return Walks(
        versions=[list(_changes(walks, shown)) for walks in found],
        shown=[json.loads(walk) for walk in shown.things],
        frames=tuple(dict.fromkeys(walk.physical & -PAGE for walks in found for walk in walks
                                   if walk.physical is not None)),
        entries=_names([*(walk for walks in found for walk in walks), *fills]))


def _changes(walks: Iterable[PageWalk], shown: Numbered[str]) -> Iterator[list[int]]:
    """Cycles and numbers of walks, but for those that are as the one before."""
    before = None
    for walk in walks:
        content = as_json(walk)
        for name in "linear", "cycle", "cpu":
            del content[name]
        number = shown.number(json.dumps(content))
        if number != before:
            yield [walk.cycle, number]
        before = number


def _names(walks: Iterable[PageWalk]) -> dict[int, str]:
    """Entries in words, by their addresses: an entry is that of the walk that met it first."""
    found: dict[int, str] = {}
    for walk in walks:
        for step in walk.steps:
            first = walk.linear & -step.level.region
            found.setdefault(step.address, f"the {step.level.name} of {first:#x}")
    return found


def subject(path: Path, versions: list[list[int]], end: int,
            command: Command | None) -> dict[str, Any]:
    """A subject as JSON has it; ``end`` is the first linear address that no process may use."""
    return {"linear": hex(path.linear), "cpu": path.cpu, "cr3": hex(path.cr3),
            "side": "user" if path.linear < end else "kernel",
            "command": command(path.linear, path.cpu, path.cr3) if command else None,
            "walks": versions}
