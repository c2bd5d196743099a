"""Comparison of the outcomes of a vector with those of an oracle."""

from collections.abc import Iterator
from typing import NamedTuple

from sim.vectors.vector import Ending, Vector, VectorOutcome, VectorStep

from .deviations import DEVIATIONS
from .steps import UNKNOWN


__all__ = ["Verdict", "judged"]


class Verdict(NamedTuple):
    """Finding about a vector.

    Attributes
    ----------
    deviations : set of :class:`str`
        Names of the :data:`.deviations.DEVIATIONS` that have shown.
    differences : list of :class:`str`
        What differs and is no known deviation, each with both values.
    placed : :class:`bool`
        Whether it was seen where each access went.
    """

    deviations:  set[str]
    differences: list[str]
    placed:      bool


def judged(oracle: str, vector: Vector, ours: VectorOutcome, theirs: VectorOutcome) -> Verdict:
    """Compare an outcome with that of the oracle of that name.

    Behind an access that ends in another way, nothing is compared: the machines are in states that
    differ.
    """
    verdict = Verdict(set(), [], True)
    endings = zip([*(vector.before or ()), vector.access], [*ours.before, ours.ending],
                  [*theirs.before, theirs.ending], strict=True)
    faulted = False
    for number, (step, manual, seen) in enumerate(endings, 1):
        faulted |= bool(manual.fault)
        if seen.fault is None and seen.physical == UNKNOWN:
            seen    = seen._replace(physical=manual.physical)
            verdict = verdict._replace(placed=False)
        if manual != seen:
            if name := _name_of_ending(oracle, step, manual, seen):
                verdict.deviations.add(name)
            else:
                verdict.differences.append(
                    f"access {number}: ours {_text(manual)}, {oracle} {_text(seen)}")
            if manual.fault != seen.fault:
                return verdict
    for address, manual_value, seen_value in _changed(vector, ours, theirs):
        if name := _name_of_flags(oracle, vector, address, manual_value, seen_value, faulted):
            verdict.deviations.add(name)
        else:
            verdict.differences.append(
                f"entry at {address:#x}: ours {manual_value:#x}, {oracle} {seen_value:#x}")
    return verdict


def _name_of_ending(oracle: str, step: VectorStep, manual: Ending, seen: Ending) -> str | None:
    for deviation in DEVIATIONS:
        if oracle in deviation.oracles and deviation.ends and deviation.ends(step, manual, seen):
            return deviation.name
    return None


def _name_of_flags(oracle: str, vector: Vector, address: int, manual: int, seen: int,
                   faulted: bool) -> str | None:
    for deviation in DEVIATIONS:
        if oracle in deviation.oracles and deviation.flags and (
                deviation.flags(vector, address, manual, seen, faulted)):
            return deviation.name
    return None


def _changed(vector: Vector, ours: VectorOutcome,
             theirs: VectorOutcome) -> Iterator[tuple[int, int, int]]:
    for (address, _), mine, other in zip(vector.entries, ours.entries, theirs.entries, strict=True):
        if mine != other:
            yield address, mine, other


def _text(ending: Ending) -> str:
    if ending.fault is None:
        return f"goes to {ending.physical:#x}"
    if ending.fault == "#PF":
        return f"#PF {ending.error_code:#x} at {ending.cr2:#x}"
    return ending.fault
