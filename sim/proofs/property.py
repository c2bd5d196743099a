"""A property of the gateware: what is proven of it, how, and what came of it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from .design import Undecided
from .proof import Disproved, Field, Trace


__all__ = ["Method", "Outcome", "Property", "Verdict"]


class Method(Enum):
    """Method of a proof."""

    ALL_CASES = "all cases"  #: In any cycle that begins in any state whatever.
    INDUCTION = "induction"  #: In runs of any length: it is true at first, and stays so.
    BOUNDED   = "bounded"    #: In all runs of a number of cycles from reset.


@dataclass(frozen=True, kw_only=True)
class Property:
    """Statement about a part of the gateware, and its proof.

    Attributes
    ----------
    name : :class:`str`
        Its name, of lower-case words with hyphens.
    block : :class:`str`
        The module that it is about.
    source : :class:`str`
        Section of the manual, or the contract, that demands it.
    says : :class:`str`
        What it says, in a sentence.
    method : :class:`Method`
        How it is proven.
    depth : :class:`int`
        Cycles from reset of a bounded proof; of an induction, those from which the next one
        follows.
    checked : :class:`int` or :class:`None`
        Cycles of a bounded proof among the tests, if less than ``depth``; 0, if a proof takes too
        long to be among them at all.
    units : sequence of :class:`str`
        Names of the configurations that it is proven of.
    prove : callable
        Proves it of one of these, to a depth. Raises :class:`.proof.Disproved`.
    """

    name:    str
    block:   str
    source:  str
    says:    str
    method:  Method
    units:   tuple[str, ...]
    prove:   Callable[[str, int], None]
    depth:   int = 1
    checked: int | None = None

    def tried(self, unit: str, depth: int) -> "Outcome":
        """Try to prove it of a unit."""
        begun = _seconds()

        def outcome(verdict: Verdict, text: str = "", fields: Mapping[str, Field] | None = None,
                    run: Trace | None = None) -> Outcome:
            return Outcome(self.name, unit, depth, verdict, _seconds() - begun, text,
                           fields or {}, run or [])

        try:
            self.prove(unit, depth)
        except Disproved as error:
            return outcome(Verdict.DISPROVED, str(error), error.fields, error.run)
        except Undecided as error:
            return outcome(Verdict.UNDECIDED, str(error))
        return outcome(Verdict.PROVEN)


def _seconds() -> float:
    """Time that this process and its children have had of a processor."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Verdict(Enum):
    """Result of a proof. The worst comes last."""

    PROVEN    = "proven"
    UNDECIDED = "undecided"  #: The solver gave up.
    DISPROVED = "disproved"


@dataclass(frozen=True)
class Outcome:
    """Result of the proof of a property of one unit.

    Attributes
    ----------
    name, unit : :class:`str`
        The property's name, and that of the unit.
    depth : :class:`int`
        See :class:`Property`.
    verdict : :class:`Verdict`
        Whether it is true.
    seconds : :class:`float`
        Time of a processor that it took, Yosys included.
    text : :class:`str`
        The counterexample, or why there is no verdict.
    fields, run
        The counterexample as :class:`.proof.Disproved` has it.
    """

    name:    str
    unit:    str
    depth:   int
    verdict: Verdict
    seconds: float
    text:    str = ""
    fields:  Mapping[str, Field] = field(default_factory=dict)
    run:     Trace = field(default_factory=list)
