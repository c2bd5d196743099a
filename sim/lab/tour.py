"""Guided tour of the article: eight acts, each with a question, its answer, and a trial.

It is played and not told: what is shown is the run of the scenario ``article``, and what comes of a
trial is another run of it, judged by the claims of the act.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from .stations import STATIONS, Words


__all__ = ["SCENARIO", "TOUR", "Station", "Trial", "tour"]


#: The scenario that is played.
SCENARIO = "article"


@dataclass(frozen=True)
class Trial:
    """The same run, but for something.

    Attributes
    ----------
    choice : mapping
        The machine, as a request of :mod:`sim.lab.player` has it.
    fails : sequence of :class:`int`
        Claims of the act that no longer hold then, counted from 1.
    """

    choice: dict[str, Any]
    fails:  tuple[int, ...] = ()


@dataclass(frozen=True)
class Station:
    """An act of the tour.

    Attributes
    ----------
    claim : :class:`int`
        The claim of the act whose walks are drawn, counted from 1.
    trial : :class:`Trial`
        What a visitor can try here.
    """

    claim: int
    trial: Trial
    words: Words = field(repr=False)


WITHOUT_WP   = {"switches": ["kernel.wp=0"]}
WITHOUT_SMAP = {"switches": ["kernel.smap=0"]}
NEVER_FORCED = {"era": "6.x", "force_override": "never"}

#: What is drawn and tried in each act, from the first on.
TOUR = tuple(Station(claim, trial, words) for (claim, trial), words in zip((
    (1, Trial(WITHOUT_WP)),
    (1, Trial(WITHOUT_WP,   fails=(1,))),
    (2, Trial(WITHOUT_SMAP, fails=(1, 2, 5, 6, 7))),
    (7, Trial(WITHOUT_WP,   fails=(2, 3, 6, 7, 8, 9))),
    (7, Trial(NEVER_FORCED, fails=(1, 2, 3, 5, 6, 7, 8))),
    (5, Trial(WITHOUT_WP)),
    (4, Trial({"mode": "32bit"})),
    (6, Trial(NEVER_FORCED, fails=(5, 6))),
), STATIONS, strict=True))


def tour() -> dict[str, Any]:
    """The tour as values that JSON has."""
    return {"scenario": SCENARIO, "stations": [
        {"act": act, "claim": station.claim, **asdict(station.trial), **asdict(station.words)}
        for act, station in enumerate(TOUR, 1)]}
