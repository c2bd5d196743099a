"""Acts of a scenario: what was done in them, and what is claimed."""

from dataclasses import dataclass, field

from sim.paging.walk import PageWalk
from sim.record.interval import Interval


__all__ = ["Act", "Claim", "Step"]


@dataclass(frozen=True)
class Step:
    """Something that was done."""

    text:  str
    cycle: int


@dataclass(frozen=True)
class Claim:
    """A claim with its verdict; see :class:`sim.record.verdict.Verdict`.

    ``judged`` is the cycle in which it was judged, after all that it is about, and ``cpu`` the
    processor whose record shows it; the first, if that of no single one does. If it does not hold,
    it has the page ``walk`` of its address once its act is over.
    """

    text:     str
    holds:    bool
    cycle:    int | None
    detail:   str
    expected: str             = ""
    linear:   int | None      = None
    cpu:      int             = 0
    judged:   int             = 0
    walk:     PageWalk | None = None


@dataclass
class Act(Interval):
    """A part of a scenario, with what happened in it, in order.

    One that this machine cannot show says in ``left_out`` why.
    """

    title:    str                = ""
    entries:  list[Step | Claim] = field(default_factory=list)
    left_out: str                = ""

    @property
    def claims(self) -> list[Claim]:
        """Claims of this act."""
        return [entry for entry in self.entries if isinstance(entry, Claim)]

    def place(self, claim: Claim) -> int:
        """The cycle to look at for a claim of this act: the one that shows it, or the act's last.

        Of an act without an end it is the last before the claim was judged.
        """
        if claim.cycle is not None:
            return claim.cycle
        return max(self.since, (claim.judged if self.until is None else self.until) - 1)
