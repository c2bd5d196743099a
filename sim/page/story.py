"""The story as a page tells it: claims with their evidence, acts, the two paths of the whole."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.paging.walk import ATTEMPTS
from sim.perfetto.link import link_to
from sim.record.interval import Interval
from sim.record.records import AccessRecord
from sim.record.witness import Witness, witness
from sim.scenario.acts import Act, Claim
from sim.scenario.stage import Stage

from .evidence import Evidence, Path, Paths, Seen, path_of


__all__ = ["Places", "Story", "Told"]


@dataclass(frozen=True)
class Told:
    """A claim: its act and its place among the claims there, its access, and its paths."""

    act:     int
    place:   int
    claim:   Claim
    witness: Witness | None
    paths:   Paths


@dataclass(frozen=True)
class Places:
    """Places of what paths are about in the lists of a document.

    Attributes
    ----------
    subjects, frames : mapping
        Numbers of the pages and of the frames.
    """

    subjects: Mapping[Path, int]
    frames:   Mapping[int, int]

    def __call__(self, paths: Paths) -> dict[str, Any]:
        """The places of two paths and of their frame, and the sides that are not used."""
        return {"left":   None if paths.left is None else self.subjects[paths.left],
                "right":  None if paths.right is None else self.subjects[paths.right],
                "frame":  None if paths.frame is None else self.frames[paths.frame],
                "unused": list(paths.unused)}


class Story:
    """Claims and acts of a stage, each with the paths that it is about.

    Parameters
    ----------
    stage : :class:`sim.scenario.stage.Stage`
        The stage, when all is over.
    evidence : :class:`.evidence.Evidence`
        Finds the accesses.

    Attributes
    ----------
    told : :class:`list` of :class:`Told`
        The claims, in the order of the run.
    main : :class:`list` of :class:`.evidence.Paths`
        The paths of each act.
    """

    def __init__(self, stage: Stage, evidence: Evidence):
        self._traces   = stage.traces
        self._evidence = evidence
        self.told: list[Told]  = []
        self.main: list[Paths] = []
        self._others: list[Path] = []
        for number, act in enumerate(stage.acts):
            self._tell(number, act)

    @property
    def subjects(self) -> Iterator[Path]:
        """The pages that it is about, those of claims first; last, what else led to a frame."""
        yield from (path for paths in self._paths for path in (paths.left, paths.right)
                    if path is not None)
        yield from self._others

    @property
    def frames(self) -> Iterator[int]:
        """The frames that it is about, likewise."""
        return (paths.frame for paths in self._paths if paths.frame is not None)

    def claims(self, places: Places) -> list[dict[str, Any]]:
        """The claims as JSON has them."""
        return [{
            "act": told.act, "claim": told.place, "cycle": told.claim.cycle,
            "shown": self._shown(told),
            "perfetto": None if told.claim.cycle is None else link_to(told.claim.cycle),
            "cpu": told.claim.cpu,
            "access": told.witness.number if told.witness else None,
            **_attempted(told), **places(told.paths),
        } for told in self.told]

    def hero(self, places: Places) -> dict[str, Any] | None:
        """The paths of the whole: where a user's store is refused, and the kernel's is done.

        Of a story without such claims, those of the first act that has both; None without any.
        """
        refused: dict[Path | None, int] = {}
        for number, told in enumerate(self.told):
            if _refused_to_user(told):
                refused.setdefault(told.paths.left, number)
            elif _stored_by_kernel(told) and told.paths.left in refused:
                return {"refused": refused[told.paths.left], "done": number,
                        **places(told.paths)}
        return next(({"refused": None, "done": None, **places(paths)}
                     for paths in self.main if paths.whole), None)

    @property
    def _paths(self) -> Iterator[Paths]:
        """All paths: of each claim, and of each act."""
        yield from (told.paths for told in self.told)
        yield from self.main

    def _tell(self, number: int, act: Act) -> None:
        """Tell an act.

        A claim that names no access is about what the nearest one is about that has a left path:
        an access of the kernel's alone, such as to a page table, is that claim's own matter.
        """
        found = [self._seen(claim) for claim in act.claims]
        seen  = [each for each in found if each is not None]
        paths = [None if each is None else self._evidence.paths(each, seen, act) for each in found]
        pairs = Counter(each for each in paths if each is not None)
        main  = max(pairs, default=Paths(),
                    key=lambda each: (each.whole, each.left is not None, not each.unused,
                                      pairs[each]))
        about = [(each.cycle, own) for each, own in zip(found, paths, strict=True)
                 if each is not None and own is not None and own.left is not None]
        self.main.append(main)
        self._others += filter(None, (self._evidence.opposite(each, act) for each in seen))
        for place, (claim, each, own) in enumerate(zip(act.claims, found, paths, strict=True)):
            self.told.append(Told(
                number, place, claim, None if each is None else each.access,
                _nearest(claim, about, main) if own is None
                else self._evidence.beside(own, main, act)))

    def _seen(self, claim: Claim) -> Seen | None:
        """The access that a claim names."""
        found = witness(self._traces, claim.cycle, claim.linear, claim.cpu)
        return None if found is None else Seen(found, self._evidence.frame(found))

    def _shown(self, told: Told) -> int | None:
        """Cycle in which what is claimed can be seen: a store counts from the next one on."""
        cycle = told.claim.cycle
        if cycle is None or told.witness is None:
            return cycle
        access = told.witness.access
        during = Interval(cycle, cycle + 1)
        stores = bool(self._traces[told.witness.cpu].transfers(during=during, write=True))
        return cycle + (stores and cycle not in (access.accepted, access.completed))


def _nearest(claim: Claim, about: Sequence[tuple[int, Paths]], main: Paths) -> Paths:
    """The paths ``about`` whose cycle is nearest to that of a claim; ``main`` if it has none."""
    cycle = claim.cycle
    if cycle is None:
        return main
    return min(about, key=lambda each: abs(each[0] - cycle), default=(cycle, main))[1]


def _refused_to_user(told: Told) -> bool:
    """A store of the user's, through the left path, ended in a fault."""
    found = told.witness
    return (found is not None and path_of(found) == told.paths.left and found.access.user
            and found.access.writes and found.access.faulted)


def _stored_by_kernel(told: Told) -> bool:
    """A store of the kernel's, through the right path, was done."""
    found = told.witness
    return (found is not None and path_of(found) == told.paths.right and not found.access.user
            and found.access.writes and found.access.done)


def _attempted(told: Told) -> dict[str, str | None]:
    """The access of a claim by its name, and the path that it took, if it is one of the two."""
    if told.witness is not None:
        for side, path in (("left", told.paths.left), ("right", told.paths.right)):
            if path_of(told.witness) == path:
                return {"attempt": _attempt(told.witness.access), "side": side}
    return {"attempt": None, "side": None}


def _attempt(access: AccessRecord) -> str:
    """Name of an access among :data:`sim.paging.walk.ATTEMPTS`."""
    who  = "user" if access.user and not access.implicit else "kernel"
    what = "write" if access.writes else str(access.kind.name).lower()
    name = f"{who} {what}"
    assert name in ATTEMPTS, "each kind of access is judged"
    return name

