"""The order of steps that a machine has of its own accord, from which plans differ.

It goes on with the processor that made the last step. Only if that one has nothing to do (its
program is over, it waits for an interrupt, or it spins) another takes over: one that does not spin,
if there is any, and the next by number. Any other switch is a preemption. To look again at what it
spins for is of use to a processor only if another one has made a step since it did.
"""

from collections.abc import Callable
from typing import NamedTuple


__all__ = ["Options", "Order"]


class Options(NamedTuple):
    """Processors that can make the next step.

    Attributes
    ----------
    default : :class:`int`
        The one that makes it of its own accord.
    useful : :class:`tuple` of :class:`int`
        All to which it is of use.
    free : :class:`bool`
        Whoever makes it, nobody is preempted: the one that made the last step has nothing to do.
    """

    default: int
    useful:  tuple[int, ...]
    free:    bool


class Order:
    """Turns of processors.

    Parameters
    ----------
    count : :class:`int`
        How many processors there are.
    enabled, spins : callable
        Tell of a processor by its number whether it can make a step, and whether that is but to
        let time pass.
    """

    def __init__(self, count: int, enabled: Callable[[int], bool], spins: Callable[[int], bool]):
        self._numbers = range(count)
        self._enabled = enabled
        self._spins   = spins
        self._current = 0
        self._steps   = 0
        self._made    = [0] * count
        self._looked  = [-1] * count  # steps of the others when each had its last turn

    def options(self) -> Options:
        """Processors that can make the next step."""
        able    = [number for number in self._numbers if self._enabled(number)]
        working = [number for number in able if not self._spins(number)]
        useful  = [number for number in able
                   if number in working or self._looked[number] < self._of_others(number)]
        if self._current in working:
            return Options(self._current, tuple(useful), False)
        candidates = working or useful or able
        assert candidates, "BUG: all processors wait for an interrupt"
        default = min(candidates, key=lambda number: (number - self._current - 1)
                      % len(self._numbers))
        return Options(default, tuple(useful), True)

    def turn(self, number: int) -> None:
        """Note that a processor makes the next step."""
        self._current        = number
        self._looked[number] = self._of_others(number)
        self._made[number]  += 1
        self._steps         += 1

    def _of_others(self, number: int) -> int:
        return self._steps - self._made[number]
