"""Verdicts on claims, as judges return them."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec

from .trace import Trace


__all__ = ["NOTHING", "Unproven", "Verdict", "all_of", "judge"]


ParamsT = ParamSpec("ParamsT")


#: The finding where a judge looks in vain.
NOTHING = "there was no such access"


class Unproven(Exception):
    """The record lacks something that a judge has to look at, so the claim does not hold.

    Attributes
    ----------
    expected : :class:`str`
        What had to be there, in words.
    """

    def __init__(self, detail: str, expected: str = ""):
        super().__init__(detail)
        self.expected = expected


class Verdict(NamedTuple):
    """Judgement of a claim: if it holds, the cycle that shows it, if one does, and the finding.

    ``expected`` is what a judge looked for, in words, whether or not it was found; ``linear`` is
    the address of the access that was judged, in that cycle, or one that shows what is missing;
    ``cpu`` is the processor whose record was judged, None if that is to be looked for.
    """

    holds:    bool
    cycle:    int | None
    detail:   str
    expected: str        = ""
    linear:   int | None = None
    cpu:      int | None = None


def judge(function: Callable[Concatenate[Trace, ParamsT], Verdict],
          ) -> Callable[Concatenate[Trace, ParamsT], Verdict]:
    """Decorator of a judge of one processor's record: its verdicts name that processor."""
    @wraps(function)
    def judged(trace: Trace, /, *args: ParamsT.args, **kwargs: ParamsT.kwargs) -> Verdict:
        return function(trace, *args, **kwargs)._replace(cpu=trace.cpu)
    return judged


def all_of(*verdicts: Verdict) -> Verdict:
    """The first verdict against the claim; without one, the last."""
    for verdict in verdicts:
        if not verdict.holds:
            return verdict
    return verdicts[-1]
