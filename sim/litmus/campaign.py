"""Many litmus tests on one kind of machine, by several workers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from hw.presets import PRESETS
from sim.explore.pool import Pool

from .axioms import Model
from .examine import Examined, Player, examine
from .machines import player
from .test import LitmusTest


__all__ = ["Campaign", "Machine", "campaign"]


#: Tests that a worker does at a time.
BATCH = 16

#: Tests that do not hold, of which all is kept.
KEPT = 16


class Machine(NamedTuple):
    """Kind of a machine: see :func:`.machines.player`."""

    engine: str
    flaw:   str | None
    preset: str

    def player(self, cpus: int) -> Player:
        """A machine of so many processors, or of two if they are fewer."""
        return _player(self, max(cpus, 2))


@cache
def _player(machine: Machine, cpus: int) -> Player:
    return player(machine.engine, PRESETS[machine.preset], flaw=machine.flaw, cpus=cpus)


@dataclass
class Campaign:
    """Result of many tests.

    Attributes
    ----------
    tests, variants, schedules, attempts : :class:`int`
        How many were played: tests, sets of evictions, schedules, and attempts to interrupt a
        locked access.
    outcomes : :class:`dict`
        Outcomes that can be thought of, by the plainest machine that the axioms allow them.
    shown, expected, missing, forbidden, unexpected, complaints : :class:`int`
        Outcomes that were seen; that a machine without store buffers must show; of these, those
        that were not seen; those that were seen and are forbidden, and those that need more than
        such a machine; runs that are none of an abstract MMU.
    failed : :class:`int`
        Tests that do not hold.
    kept : :class:`list` of :class:`.examine.Examined`
        The first of them.
    """

    tests:      int = 0
    variants:   int = 0
    schedules:  int = 0
    attempts:   int = 0
    outcomes:   dict[Model, int] = field(default_factory=lambda: dict.fromkeys(Model, 0))
    shown:      int = 0
    expected:   int = 0
    missing:    int = 0
    forbidden:  int = 0
    unexpected: int = 0
    complaints: int = 0
    failed:     int = 0
    kept:       list[Examined] = field(default_factory=list)

    def count(self, found: Examined) -> None:
        """Count a test."""
        self.add(Campaign(
            1, found.variants, found.schedules, found.attempts,
            {model: len(found.of(model)) for model in Model}, len(found.shown),
            len(found.expected), len(found.missing), len(found.forbidden),
            len(found.unexpected), len(found.complaints), int(not found.holds),
            [] if found.holds else [found]))

    def add(self, other: "Campaign") -> None:
        """Add what is known of other tests."""
        for name in ("tests", "variants", "schedules", "attempts", "shown", "expected", "missing",
                     "forbidden", "unexpected", "complaints", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for model, number in other.outcomes.items():
            self.outcomes[model] += number
        self.kept = (self.kept + other.kept)[:KEPT]


def campaign(machine: Machine, tests: Sequence[LitmusTest], pool: Pool,
             progress: Callable[[int], None]) -> Campaign:
    """Play many tests. ``progress`` is called with the number of those that are done."""
    result = Campaign()
    for found in pool.calls(_done, [(machine, list(batch)) for batch in _batches(tests)]):
        result.add(found)
        progress(result.tests)
    return result


def _batches(tests: Sequence[LitmusTest]) -> Iterator[Sequence[LitmusTest]]:
    for first in range(0, len(tests), BATCH):
        yield tests[first:first + BATCH]


def _done(machine: Machine, tests: Sequence[LitmusTest]) -> Campaign:
    result = Campaign()
    for test in tests:
        result.count(examine(test, machine.player(len(test.threads))))
    return result
