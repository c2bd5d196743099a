"""A schedule, carried out cycle by cycle."""

from collections.abc import Sequence

from sim.schedule import Schedule, Turn


__all__ = ["Turns"]


class Turns:
    """Says in each cycle which processors must wait; see :mod:`sim.schedule`.

    Parameters
    ----------
    schedule : :class:`sim.schedule.Schedule`
        The plan.
    cpus : :class:`int`
        How many processors there are.
    """

    def __init__(self, schedule: Schedule, cpus: int):
        self._schedule = schedule
        self._cpus     = cpus
        self._all      = (1 << cpus) - 1
        self._version  = schedule.version
        self._turn: Turn | None = None
        self._left     = 0

    def begin(self) -> int:
        """Begin a cycle; return the processors that must wait in it, a bit each."""
        if self._version != self._schedule.version:
            self._version, self._turn = self._schedule.version, None
        if self._turn is None:
            self._turn = self._schedule.coming(self._cpus)
            if self._turn is None:
                return 0
            self._schedule.taken.append(self._turn)
            self._left = self._turn.steps
        return self._all & ~(1 << self._turn.cpu)

    def end(self, steps: Sequence[int], idle: Sequence[bool]) -> None:
        """End a cycle, in which the processors made ``steps``, or had nothing to do."""
        if self._turn is None:
            return
        self._left -= steps[self._turn.cpu]
        if self._left <= 0 or idle[self._turn.cpu]:
            self._turn = None
