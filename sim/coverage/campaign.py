"""A campaign: stimuli aimed at bins, until each was hit; all that is hit counts.

A stimulus depends on nothing but the unit, the seed, the bin that it is aimed at, and how often
that bin was aimed at before. A round aims at each bin that has not been hit; it is cut into parts
at the same places whoever does them. So all results are the same with any number of workers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, NamedTuple, Protocol

from hw.config import MmuConfig
from sim.vectors.sequence import SequenceVector

from .model import Model, model_of
from .observation import AccessSeen
from .stimulus import stimulus
from .unit import ObservedUnit, Run


__all__ = ["PART", "Aim", "Campaign", "Here", "Hit", "Part", "Workers", "aimed", "carry_out",
           "do_part", "hits_of"]


#: Bins of a part of a round.
PART = 64


class Workers(Protocol):
    """Whoever does the parts of a round."""

    def calls(self, function: "Callable[..., Part]", arguments: Sequence[tuple[Any, ...]]
              ) -> "Iterator[Part]":
        """Yield the results of calls of a function, in their order."""


class Here:
    """Workers that are this process itself."""

    def calls(self, function: "Callable[..., Part]", arguments: Sequence[tuple[Any, ...]]
              ) -> "Iterator[Part]":
        """Yield the results of calls of a function, in their order."""
        for each in arguments:
            yield function(*each)


class Aim(NamedTuple):
    """A stimulus: the bin that it is aimed at, and how often that was before.

    It is written ``1042.0``.
    """

    bin:     int
    attempt: int

    def __str__(self) -> str:
        return f"{self.bin}.{self.attempt}"


class Hit(NamedTuple):
    """The first hit of a bin: the stimulus, and the cycle since its reset."""

    aim:   Aim
    cycle: int


class Part(NamedTuple):
    """Findings of a part of a round.

    Attributes
    ----------
    hits : list
        For each bin that was hit its number, how often, and the first hit.
    accesses, cycles : :class:`int`
        Accesses, and cycles of the unit.
    stimuli : :class:`int`
        Stimuli.
    differences : list
        Stimuli with which the unit does other than the golden model, and the difference.
    illegal : list
        Hits of bins that do not exist, or cannot be: the coverpoint, the bin, and the stimulus.
    """

    hits:        list[tuple[int, int, Hit]]
    accesses:    int
    cycles:      int
    stimuli:     int
    differences: list[tuple[Aim, str]]
    illegal:     list[tuple[str, tuple[str, ...], Aim]]


@dataclass
class Campaign:
    """A campaign, and all that it has found.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        The unit.
    seed : :class:`int`
        Seed of all stimuli.
    bins : sequence of :class:`int`
        Numbers of the bins that are wanted.
    """

    config: MmuConfig
    seed:   int
    bins:   Sequence[int]
    counts: dict[int, int] = field(default_factory=dict)
    first:  dict[int, Hit] = field(default_factory=dict)
    accesses: int = 0
    cycles:   int = 0
    stimuli:  int = 0
    differences: list[tuple[Aim, str]] = field(default_factory=list)
    illegal: list[tuple[str, tuple[str, ...], Aim]] = field(default_factory=list)

    @property
    def model(self) -> Model:
        """The model of coverage."""
        return model_of(self.config)

    @property
    def holes(self) -> list[int]:
        """Bins that are wanted, and were not hit."""
        return [number for number in self.bins if number not in self.counts]

    def run(self, workers: Workers, *, accesses: int, until_closed: bool = False,
            progress: Callable[[int, int], None] = lambda accesses, hit: None) -> None:
        """Go on until there were some ``accesses``, and every bin was hit if that is wanted.

        A round that begins when every bin was hit aims at all of them. ``progress`` is called with
        the number of accesses, and of bins that were hit. Raises :class:`sim.errors.Unavailable`.
        """
        attempt = 0
        while self.accesses < accesses or until_closed and self.holes:
            targets = self.holes or list(self.bins)
            parts   = [(self.config, self.seed, attempt, tuple(targets[first:first + PART]))
                       for first in range(0, len(targets), PART)]
            for part in workers.calls(do_part, parts):
                self._add(part)
                progress(self.accesses, len(self.bins) - len(self.holes))
            attempt += 1

    def _add(self, part: Part) -> None:
        for number, count, hit in part.hits:
            self.counts[number] = self.counts.get(number, 0) + count
            self.first.setdefault(number, hit)
        self.accesses += part.accesses
        self.cycles   += part.cycles
        self.stimuli  += part.stimuli
        self.differences += part.differences
        self.illegal     += part.illegal


def aimed(config: MmuConfig, seed: int, aim: Aim) -> SequenceVector:
    """Draw a stimulus."""
    target = model_of(config).bins[aim.bin]
    rng    = Random(f"{seed} {target.coverpoint.name} {target.text} {aim.attempt}")
    return stimulus(config, target.coverpoint, target.values, rng, str(aim))


def carry_out(config: MmuConfig, vector: SequenceVector) -> Run:
    """Carry out a stimulus. Raises :class:`sim.errors.Unavailable`."""
    return _unit(config).run(vector)


@cache
def _unit(config: MmuConfig) -> ObservedUnit:
    return ObservedUnit(config)


def do_part(config: MmuConfig, seed: int, attempt: int, targets: Iterable[int]) -> Part:
    """Carry out a part of a round. Raises :class:`sim.errors.Unavailable`.

    What a stimulus before it has hit, in the same part, is not aimed at again.
    """
    model = model_of(config)
    counts: dict[int, int] = {}
    first:  dict[int, Hit] = {}
    accesses = cycles = stimuli = 0
    differences: list[tuple[Aim, str]] = []
    illegal: list[tuple[str, tuple[str, ...], Aim]] = []
    for target in targets:
        if target in counts:
            continue
        aim = Aim(target, attempt)
        run = carry_out(config, aimed(config, seed, aim))
        stimuli  += 1
        accesses += sum(isinstance(seen, AccessSeen) for _, seen in run.seen)
        cycles   += run.seen[-1][0] + 1 if run.seen else 0
        if run.difference is not None:
            differences.append((aim, run.difference))
        for cycle, name, values in hits_of(model, run):
            number = model.numbers.get((name, values))
            if number is None:
                illegal.append((name, values, aim))
                continue
            counts[number] = counts.get(number, 0) + 1
            first.setdefault(number, Hit(aim, cycle))
    return Part([(number, count, first[number]) for number, count in counts.items()],
                accesses, cycles, stimuli, differences, illegal)


def hits_of(model: Model, run: Run) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Cycle, coverpoint and bin of each hit in a run."""
    for cycle, seen in run.seen:
        for name, values in model.sampler.hits(seen):
            yield cycle, name, values
