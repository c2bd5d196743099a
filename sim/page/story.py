"""The story as a page tells it: claims with their evidence, acts, the two paths of the whole."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sim.paging.walk import ATTEMPTS
from sim.record.records import AccessRecord
from sim.scenario.stage import Act, Stage

from .evidence import Evidence, Paths, Witness
from .numbered import Numbered
from .subjects import Subjects


__all__ = ["Story", "Told"]


@dataclass(frozen=True)
class Told:
    """A claim: its act and its place among the claims there, its cycle, and its evidence."""

    act:     int
    claim:   int
    cycle:   int | None
    witness: Witness | None
    paths:   Paths


class Story:
    """Claims and acts of a stage, each with the paths that it is about.

    Parameters
    ----------
    stage : :class:`sim.scenario.stage.Stage`
        The stage, when all is over.
    evidence : :class:`.evidence.Evidence`
        Finds the accesses.
    subjects : :class:`.subjects.Subjects`
        Gets their addresses.
    frames : :class:`.numbered.Numbered`
        Gets the frames that they are to.

    Attributes
    ----------
    told : :class:`list` of :class:`Told`
        The claims, in the order of the run.
    main : :class:`list` of :class:`.evidence.Paths`
        The paths of each act.
    """

    def __init__(self, stage: Stage, evidence: Evidence, subjects: Subjects,
                 frames: Numbered[int]):
        self._evidence = evidence
        self._subjects = subjects
        self._frames   = frames
        self.told: list[Told]  = []
        self.main: list[Paths] = []
        for number, act in enumerate(stage.acts):
            self._tell(number, act)

    def claims(self) -> list[dict[str, Any]]:
        """The claims as JSON has them."""
        return [{
            "act": told.act, "claim": told.claim, "cycle": told.cycle,
            "cpu": told.witness.cpu if told.witness else 0,
            "access": told.witness.number if told.witness else None,
            **_attempted(told), **self.numbers(told.paths),
        } for told in self.told]

    def hero(self) -> dict[str, Any] | None:
        """The paths of the whole: where a user's store is refused, and the kernel's is done.

        Of a story without such claims, those of the first act that has both; None without any.
        """
        refused = {told.paths.left: number for number, told in reversed([*enumerate(self.told)])
                   if _refused_to_user(told)}
        done    = [(number, told) for number, told in enumerate(self.told)
                   if _stored_by_kernel(told)
                   and refused.get(told.paths.left, number) < number]
        if done:
            first = done[0][1]
            last, told = max((pair for pair in done
                              if (pair[1].act, pair[1].paths) == (first.act, first.paths)),
                             key=itemgetter(0))
            return {"refused": refused[told.paths.left], "done": last, **self.numbers(told.paths)}
        return next(({"refused": None, "done": None, **self.numbers(paths)}
                     for paths in self.main if paths.whole), None)

    def numbers(self, paths: Paths) -> dict[str, int | None]:
        """Numbers of the subjects and of the frame of two paths."""
        return {"left":  self._subjects.number(paths.left),
                "right": self._subjects.number(paths.right),
                "frame": None if paths.frame is None else self._frames.number(paths.frame)}

    def _tell(self, number: int, act: Act) -> None:
        """Tell an act. A claim whose evidence has not both paths is about those of the act."""
        found   = [(claim, self._evidence.witness(claim)) for claim in act.claims]
        own     = [None if witness is None else self._evidence.paths(witness, act)
                   for _, witness in found]
        main    = self._evidence.main([paths for paths in own if paths is not None])
        self.main.append(main)
        for place, ((claim, witness), paths) in enumerate(zip(found, own, strict=True)):
            if paths is None or main.whole and not paths.whole:
                paths = main
            self.told.append(Told(number, place, claim.cycle, witness, paths))


def _refused_to_user(told: Told) -> bool:
    """A store of the user's, through the left path, ended in a fault."""
    witness = told.witness
    return (witness is not None and witness.path == told.paths.left and witness.access.user
            and witness.access.writes and witness.access.faulted)


def _stored_by_kernel(told: Told) -> bool:
    """A store of the kernel's, through the right path, was done."""
    witness = told.witness
    return (witness is not None and witness.path == told.paths.right and not witness.access.user
            and witness.access.writes and witness.access.done)


def _attempted(told: Told) -> dict[str, str | None]:
    """The access of a claim by its name, and the path that it took, if it is one of the two."""
    if told.witness is None or told.witness.path not in (told.paths.left, told.paths.right):
        return {"attempt": None, "side": None}
    side = "left" if told.witness.path == told.paths.left else "right"
    return {"attempt": _attempt(told.witness.access), "side": side}


def _attempt(access: AccessRecord) -> str:
    """Name of an access among :data:`sim.paging.walk.ATTEMPTS`."""
    who  = "user" if access.user and not access.implicit else "kernel"
    what = "write" if access.writes else str(access.kind.name).lower()
    name = f"{who} {what}"
    assert name in ATTEMPTS, "each kind of access is judged"
    return name

