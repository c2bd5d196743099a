"""Searches: which schedules are played, in which order, and what is known afterwards.

An exhaustive search goes by preemptions, fewest first: all schedules without one, then with one,
and so on. Of those that differ in the order of steps that commute one is played, which is sound:

- A :class:`.unit.Chain` leaves out a later switch if the steps between commute with all that the
  other processor does before the first one goes on.
- A switch is left out if the same one was made before, with no fewer preemptions left, after steps
  that are the same but for such an order. Then all that can follow is the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby

from .plan import Plan
from .pool import Pool
from .sample import Draw, Sampling
from .state import State
from .unit import Branch, Chain, Played, Samples, Setting


__all__ = ["Exhaustive", "Result", "Round", "Sampled", "Strategy", "search"]


#: Schedules with the bad outcome, and without, that a result remembers.
KEPT = 32

#: Most schedules in a unit, of either kind.
CHAIN   = 512
SAMPLES = 32

#: Schedules that are drawn before any of them is played.
DRAWN = 4096


@dataclass(frozen=True)
class Exhaustive:
    """All schedules with at most so many preemptions."""

    preemptions: int

    def __str__(self) -> str:
        return f"exhaustive:{self.preemptions}"


@dataclass(frozen=True)
class Sampled:
    """Schedules that are drawn: by PCT of a depth, or by coin if it is 0."""

    depth: int

    def __str__(self) -> str:
        return f"pct:{self.depth}" if self.depth else "random"


Strategy = Exhaustive | Sampled


@dataclass
class Round:
    """Schedules with a number of preemptions, or all that were drawn.

    Attributes
    ----------
    played, equal, bad : :class:`int`
        Schedules that were played; those that were left out, as they are equal to one of them; and
        those with the bad outcome, of both.
    """

    played: int = 0
    equal:  int = 0
    bad:    int = 0

    @property
    def tried(self) -> int:
        """Schedules of which the end is known."""
        return self.played + self.equal


@dataclass
class Result:
    """Result of a search.

    Attributes
    ----------
    processors, steps : :class:`int`
        n; and k, the most steps of a schedule in which nobody is preempted.
    longest : :class:`int`
        Most steps of all schedules.
    rounds : :class:`list` of :class:`Round`
        By number of preemptions; of a search that draws, one.
    complete : :class:`bool`
        All schedules within the bound were tried.
    sampling : :class:`.sample.Sampling` or :class:`None`
        How schedules were drawn.
    first : :class:`.unit.Played` or :class:`None`
        The first schedule with the bad outcome.
    number : :class:`int`
        Its number among those that were played, or drawn, from 1 on.
    kept : :class:`dict`
        Plans of the first schedules with the bad outcome (True), and without.
    """

    processors: int
    steps:      int = 0
    longest:    int = 0
    rounds:     list[Round] = field(default_factory=list)
    complete:   bool = True
    sampling:   Sampling | None = None
    first:      Played | None = None
    number:     int = 0
    kept:       dict[bool, list[Plan]] = field(default_factory=lambda: {True: [], False: []})

    @property
    def played(self) -> int:
        """Schedules that were played."""
        return sum(entry.played for entry in self.rounds)

    @property
    def tried(self) -> int:
        """Schedules of which the end is known."""
        return sum(entry.tried for entry in self.rounds)

    def add(self, played: Played) -> None:
        """Count a schedule in the last round."""
        entry = self.rounds[-1]
        entry.played += 1
        entry.equal  += played.equal
        self.longest  = max(self.longest, played.ending.steps)
        kept = self.kept[bool(played.ending.bad)]
        if len(kept) < KEPT:
            kept.append(played.ending.plan)
        if played.ending.bad:
            entry.bad += 1 + played.equal
            if self.first is None:
                self.first  = played
                self.number = self.tried if self.sampling else self.played

    def again(self, *, bad: bool) -> None:
        """Count a schedule that was drawn before, and has the bad outcome or not."""
        self.rounds[-1].equal += 1
        self.rounds[-1].bad   += bad


class _Full(Exception):
    """As many schedules were played as wanted."""


def search(setting: Setting, strategy: Strategy, pool: Pool, *, schedules: int | None, seed: int,
           state: State, progress: Callable[[int], None] = lambda played: None) -> Result:
    """Search for the bad outcome of a race.

    Parameters
    ----------
    schedules : :class:`int` or :class:`None`
        Most schedules to play, or how many to draw.
    seed : :class:`int`
        What they are drawn from.
    state : :class:`.explore.state.State`
        Results of units that were done before.
    progress : callable
        Called with the number of schedules played so far, or drawn.
    """
    run    = _Run(setting, pool, state, schedules, progress)
    result = run.result
    result.steps = max(played.ending.steps for played in run.starts())
    try:
        if isinstance(strategy, Exhaustive):
            run.exhaust(strategy.preemptions)
        else:
            assert schedules is not None, "drawing has no end of its own"
            result.sampling = Sampling(strategy.depth, seed, result.processors, result.steps)
            run.draw(result.sampling, schedules)
    except _Full:
        result.complete = False
    return result


class _Run:
    """A search in progress."""

    def __init__(self, setting: Setting, pool: Pool, state: State, schedules: int | None,
                 progress: Callable[[int], None]):
        self.result    = Result(setting.module.CPUS)
        self._setting  = setting
        self._pool     = pool
        self._state    = state
        self._most     = schedules
        self._progress = progress
        #: Preemptions with which a switch came first, by all that had happened before it, and by
        #: who takes over.
        self._seen: dict[tuple[int, int], int] = {}

    def starts(self) -> Iterator[Played]:
        """The schedules that begin with each of the processors, and go on of their own accord."""
        for results in self._done([Chain((), (0,), cpu, final=True)
                                   for cpu in range(self.result.processors)]):
            yield from results

    def draw(self, sampling: Sampling, schedules: int) -> None:
        """Draw schedules, and play each that is another than those before."""
        self.result.rounds.append(Round())
        known:  dict[int, bool] = {}
        owners: dict[Draw, int] = {}
        for start in range(0, schedules, DRAWN):
            numbers = range(start, min(start + DRAWN, schedules))
            draws   = map(sampling.draw, numbers)
            firsts  = [number if drawn is None else owners.setdefault(drawn, number)
                       for number, drawn in zip(numbers, draws, strict=True)]
            new     = [number for number, first in zip(numbers, firsts, strict=True)
                       if number == first]
            results = chain.from_iterable(self._done([
                Samples(sampling, tuple(new[begin:begin + SAMPLES]))
                for begin in range(0, len(new), SAMPLES)]))
            for number, first in zip(numbers, firsts, strict=True):
                if number == first:
                    played = next(results)
                    known[number] = bool(played.ending.bad)
                    self.result.add(played)
                else:
                    self.result.again(bad=known[first])
                self._progress(number + 1)

    def exhaust(self, preemptions: int) -> None:
        """Play all schedules, fewest preemptions first."""
        units: list[Chain] = [Chain((), (0,), cpu, final=not preemptions)
                              for cpu in range(self.result.processors)]
        for number in range(preemptions + 1):
            self.result.rounds.append(Round())
            later: list[Chain] = []
            while units:
                same: list[Chain] = []
                for results in self._done(units):
                    for played in results:
                        self._count(played)
                        plan, branches = played.ending.plan, played.branches
                        same  += _chains(plan, [
                            branch for branch in branches
                            if branch.free and self._is_new(branch, number)],
                            final=number == preemptions)
                        later += _chains(plan, [
                            branch for branch in branches
                            if not branch.free and self._is_new(branch, number + 1)],
                            final=number + 1 == preemptions)
                units = same
            units = later

    def _is_new(self, branch: Branch, preemptions: int) -> bool:
        place = branch.past, branch.cpu
        if self._seen.get(place, preemptions + 1) <= preemptions:
            return False
        self._seen[place] = preemptions
        return True

    def _count(self, played: Played) -> None:
        if self._most is not None and self.result.played == self._most:
            raise _Full
        self.result.add(played)
        self._progress(self.result.played)

    def _done(self, units: Sequence[Chain | Samples]) -> Iterator[list[Played]]:
        """Yield the results of units: those that are known, and those that workers find."""
        found = self._pool.results(
            self._setting, [unit for unit in units if unit not in self._state])
        for unit in units:
            if unit in self._state:
                yield self._state.take(unit)
            else:
                results = next(found)
                self._state.add(unit, results)
                yield results


def _chains(plan: Plan, branches: Sequence[Branch], *, final: bool) -> Iterator[Chain]:
    """Units for switches that were not made yet."""
    order = sorted(branches, key=lambda branch: (branch.cpu, branch.step))
    for cpu, group in groupby(order, key=lambda branch: branch.cpu):
        steps = [branch.step for branch in group]
        for start in range(0, len(steps), CHAIN):
            yield Chain(plan, tuple(steps[start:start + CHAIN]), cpu, final)
