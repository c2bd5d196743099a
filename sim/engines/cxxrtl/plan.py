"""Keeps a compiled machine supplied with the turns of a schedule."""

from collections import deque

from sim.schedule import Schedule, Turn

from .native import Machine


__all__ = ["Plan"]


#: Turns that the machine is told ahead.
AHEAD = 4096


class Plan:
    """The turns that a machine knows of.

    Parameters
    ----------
    schedule : :class:`sim.schedule.Schedule`
        Where they come from.
    machine : :class:`.native.Machine`
        What carries them out.
    cpus : :class:`int`
        How many processors it has.
    """

    def __init__(self, schedule: Schedule, machine: Machine, cpus: int):
        self._schedule  = schedule
        self._cpus      = cpus
        self._machine   = machine
        self._version   = schedule.version
        self._ahead: deque[Turn] = deque()
        self._begun     = 0
        self._exhausted = False

    def look_ahead(self) -> None:
        """Tell the machine what is planned, before it runs."""
        if self._schedule.version != self._version:
            self._version, self._exhausted = self._schedule.version, False
            self._ahead.clear()
            self._machine.drop_turns()
        if not self._exhausted and len(self._ahead) < AHEAD // 2:
            self._extend()

    def note(self) -> None:
        """Take note of the turns that have begun, after it has run."""
        begun = self._machine.status.begun
        if begun != self._begun:
            self._schedule.taken += [self._ahead.popleft() for _ in range(begun - self._begun)]
            self._begun = begun

    def _extend(self) -> None:
        turns: list[Turn] = []
        while len(self._ahead) + len(turns) < AHEAD and not self._exhausted:
            turn = self._schedule.coming(self._cpus)
            if turn is None:
                self._exhausted = True
            else:
                turns.append(turn)
        self._ahead.extend(turns)
        self._machine.plan(turns, more=not self._exhausted)
