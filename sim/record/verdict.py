"""Verdicts on claims, as judges return them."""

from typing import NamedTuple


__all__ = ["NOTHING", "Unproven", "Verdict", "all_of"]


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
    the address of the access that was judged, in that cycle, or one that shows what is missing.
    """

    holds:    bool
    cycle:    int | None
    detail:   str
    expected: str        = ""
    linear:   int | None = None


def all_of(*verdicts: Verdict) -> Verdict:
    """The first verdict against the claim; without one, the last."""
    for verdict in verdicts:
        if not verdict.holds:
            return verdict
    return verdicts[-1]
