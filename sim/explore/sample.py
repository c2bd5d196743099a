"""Schedules that are drawn at random: by coin, or by PCT.

Ref: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with Probabilistic
Guarantees of Finding Bugs" (ASPLOS 2010).

PCT gives each processor a priority, and the one with the highest makes each step. Before d - 1
steps, which are drawn, the processor whose turn it is gets a priority below all others. A bad
outcome that needs d steps in a certain order is found in one schedule with a probability of at
least 1 / (n k^(d - 1)), where n processors make k steps.
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from .play import Chooser


__all__ = ["Draw", "Sampling"]


class Draw(NamedTuple):
    """All that a schedule by priority depends on.

    Attributes
    ----------
    priorities : :class:`tuple` of :class:`int`
        Priority of each processor at the start.
    changes : :class:`tuple` of :class:`int`
        Steps at which the processor whose turn it is gets a lower one: the lowest at the first.
    """

    priorities: tuple[int, ...]
    changes:    tuple[int, ...]


@dataclass(frozen=True)
class Sampling:
    """A way of drawing schedules.

    Attributes
    ----------
    depth : :class:`int`
        d of PCT; 0: each step is a coin's.
    seed : :class:`int`
        What all is drawn from.
    processors, steps : :class:`int`
        n and k.
    """

    depth:      int
    seed:       int
    processors: int
    steps:      int

    @property
    def bound(self) -> int:
        """The least probability of finding an outcome of that depth is one in so many."""
        return self.processors * int(self.steps ** (self.depth - 1))

    def draw(self, number: int) -> Draw | None:
        """Draw schedule ``number``; None if each of its steps is a coin's."""
        if not self.depth:
            return None
        dice = self._dice(number)
        return Draw(
            tuple(dice.sample(range(self.depth, self.depth + self.processors), self.processors)),
            tuple(dice.sample(range(self.steps), self.depth - 1)))

    def chooser(self, number: int) -> Chooser:
        """Chooser of schedule ``number``."""
        drawn = self.draw(number)
        if drawn is not None:
            return _by_priority(drawn)
        dice = self._dice(number)
        return lambda default, useful, step: dice.choice(useful or (default,))

    def _dice(self, number: int) -> Random:
        return Random(f"{self.seed} {number}")


def _by_priority(drawn: Draw) -> Chooser:
    priorities = list(drawn.priorities)
    changes    = {step: low for low, step in enumerate(drawn.changes)}

    def choose(default: int, useful: tuple[int, ...], step: int) -> int:
        if not useful:
            return default
        if step in changes:
            highest = max(useful, key=priorities.__getitem__)
            priorities[highest] = changes[step]
        return max(useful, key=priorities.__getitem__)

    return choose
