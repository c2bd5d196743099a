"""A litmus test, played in all schedules and compared with the axioms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, product
from typing import Protocol

from .axioms import Model, permitted
from .candidates import candidates
from .schedules import explored
from .step import Eviction, Evictions, Play, Step
from .test import Instruction, Kind, LitmusTest, Op, Outcome, Quantifier


__all__ = ["Examined", "Player", "Shown", "examine"]


class Player(Protocol):
    """A machine on which tests are played, each time from its reset.

    Attributes
    ----------
    structures : :class:`bool`
        It has caches of paging structures.
    """

    structures: bool

    def play(self, test: LitmusTest, evictions: Evictions, schedule: Sequence[Step]) -> Play:
        """Play a test: a schedule step by step, then of the machine's own accord.

        Processors forget what ``evictions`` says.
        """

    def complaint(self) -> str:
        """Say what of the last run's record is no step of an abstract MMU; empty: all is."""


@dataclass
class Shown:
    """An outcome that was seen.

    Attributes
    ----------
    runs : :class:`int`
        Schedules that end in it.
    first : :class:`.step.Play`
        The first of them.
    evictions : frozenset of :class:`.step.Eviction`
        What processors had forgotten.
    """

    runs:      int
    first:     Play
    evictions: Evictions


@dataclass
class Examined:
    """Result of a test.

    Attributes
    ----------
    test : :class:`.test.LitmusTest`
        The test.
    outcomes : mapping of :data:`.test.Outcome` to :class:`.axioms.Model`
        All that can be thought of, each with the plainest machine that the axioms allow it.
    expected : :class:`set` of :data:`.test.Outcome`
        Those that the machine must show: it does one thing at a time.
    shown : mapping of :data:`.test.Outcome` to :class:`Shown`
        Those that were seen.
    variants, schedules : :class:`int`
        Sets of evictions, and schedules of all of them together.
    complaints : :class:`list`
        Runs whose record is none of an abstract MMU: their outcomes, and what is wrong.
    attempts : :class:`int`
        Runs besides, in which a processor tries to interrupt a locked access.
    """

    test:       LitmusTest
    outcomes:   dict[Outcome, Model]
    expected:   set[Outcome]
    shown:      dict[Outcome, Shown] = field(default_factory=dict)
    variants:   int = 0
    schedules:  int = 0
    complaints: list[tuple[Outcome, str]] = field(default_factory=list)
    attempts:   int = 0

    def see(self, play: Play, evictions: Evictions, complaint: str) -> None:
        """Take note of a run."""
        seen = self.shown.setdefault(play.outcome, Shown(0, play, evictions))
        seen.runs += 1
        if complaint:
            self.complaints.append((play.outcome, complaint))

    def of(self, *models: Model) -> list[Outcome]:
        """Outcomes that need one of these machines."""
        return [outcome for outcome, model in self.outcomes.items() if model in models]

    @property
    def forbidden(self) -> list[Outcome]:
        """Outcomes that were seen, and that the axioms forbid."""
        return [outcome for outcome in self.shown
                if self.outcomes.get(outcome, Model.NONE) is Model.NONE]

    @property
    def unexpected(self) -> list[Outcome]:
        """Outcomes that were seen, and that need more than a machine that does one thing at a time.
        """
        return [outcome for outcome in self.shown if outcome not in self.forbidden
                and self.outcomes[outcome] is not Model.ORDERED]

    @property
    def missing(self) -> list[Outcome]:
        """Outcomes that must be shown, and were not seen."""
        return [outcome for outcome in self.expected if outcome not in self.shown]

    @property
    def condition(self) -> bool:
        """True if what the test says of itself is so."""
        condition = self.test.condition
        if condition is None:
            return True
        seen    = any(map(condition.holds, self.shown))
        due     = any(map(condition.holds, self.expected))
        plain   = any(map(condition.holds, self.of(Model.ORDERED)))
        allowed = any(map(condition.holds, self.of(*set(Model) - {Model.NONE})))
        return {Quantifier.EXISTS: plain and seen is due, Quantifier.ALLOWED: allowed,
                Quantifier.FORBIDDEN: not seen and not allowed}[condition.quantifier]

    @property
    def holds(self) -> bool:
        """True if all is as it must be."""
        return self.condition and not (
            self.forbidden or self.unexpected or self.missing or self.complaints)


def examine(test: LitmusTest, player: Player) -> Examined:
    """Play a test in all schedules, whatever processors forget of their own accord."""
    outcomes = permitted(candidates(test))
    expected = outcomes if player.structures or not test.upper else permitted(
        candidates(test, structures=False))
    found  = Examined(test, outcomes, {outcome for outcome, model in expected.items()
                                       if model is Model.ORDERED})
    for evictions in _evictions(test, structures=player.structures):
        found.variants += 1
        one = partial(player.play, test, evictions)
        for play in explored(one):
            found.schedules += 1
            found.see(play, evictions, player.complaint())
            for attempt in _attempts(play.steps):
                found.attempts += 1
                found.see(one(attempt), evictions, player.complaint())
    return found


def _attempts(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Yield schedules in which another processor tries to come between halves of a locked access.

    It must not succeed, and so they are equal to others.
    """
    for number, step in enumerate(steps):
        others = {later.cpu for later in steps[number:]} - {step.cpu}
        if step.weight == 2:
            yield from ([*steps[:number], replace(step, weight=1), Step(cpu)] for cpu in others)


def _evictions(test: LitmusTest, *, structures: bool) -> list[Evictions]:
    """Everything that processors can have forgotten, the least first.

    ``structures``: they have caches of paging structures, and so it matters to a test in which the
    page directory changes whether its entry is forgotten, too.
    """
    choices = [[(), *((Eviction(number, place, tables),) for tables in kinds)]
               for number, thread in enumerate(test.threads)
               for place, kinds in _kept(thread, upper=test.upper and structures)]
    return sorted((frozenset(chain.from_iterable(chosen)) for chosen in product(*choices)),
                  key=len)


def _kept(thread: Sequence[Instruction], *, upper: bool) -> Iterator[tuple[int, list[bool]]]:
    """Yield accesses before which something can be forgotten, and whether with the table."""
    known: set[str] = set()  # addresses whose translations may be there
    table = False            # the directory's entry may be there
    for place, step in enumerate(thread):
        if step.location is None or step.location.kind is not Kind.VIRTUAL:
            continue
        letter = step.location.name
        if step.op is Op.INVLPG:
            known.discard(letter)
            table = False
            continue
        if letter in known:
            yield place, [False, True] if table else [True]
        elif table:
            yield place, [True]
        known.add(letter)
        table = upper
