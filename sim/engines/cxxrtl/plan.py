"""Keeps a compiled machine supplied with the slices of a schedule."""

from collections import deque

from sim.schedule import Schedule, TimeSlice

from .native import CompiledMachine


__all__ = ["Plan"]


#: Time slices that the machine is told ahead.
AHEAD = 4096


class Plan:
    """The slices that a machine knows of.

    Parameters
    ----------
    schedule : :class:`sim.schedule.Schedule`
        Where they come from.
    machine : :class:`.native.CompiledMachine`
        What carries them out.
    cpus : :class:`int`
        How many processors it has.
    """

    def __init__(self, schedule: Schedule, machine: CompiledMachine, cpus: int):
        self._schedule  = schedule
        self._cpus      = cpus
        self._machine   = machine
        self._version   = schedule.version
        self._ahead: deque[TimeSlice] = deque()
        self._begun     = 0
        self._exhausted = False

    def look_ahead(self) -> None:
        """Tell the machine what is planned, before it runs."""
        if self._schedule.version != self._version:
            self._version, self._exhausted = self._schedule.version, False
            self._ahead.clear()
            self._machine.drop_slices()
        if not self._exhausted and len(self._ahead) < AHEAD // 2:
            self._extend()

    def note(self) -> None:
        """Take note of the slices that have begun, after it has run."""
        begun = self._machine.status.begun
        if begun != self._begun:
            self._schedule.executed += [self._ahead.popleft() for _ in range(begun - self._begun)]
            self._begun = begun

    def _extend(self) -> None:
        slices: list[TimeSlice] = []
        while len(self._ahead) + len(slices) < AHEAD and not self._exhausted:
            time_slice = self._schedule.coming(self._cpus)
            if time_slice is None:
                self._exhausted = True
            else:
                slices.append(time_slice)
        self._ahead.extend(slices)
        self._machine.plan(slices, more=not self._exhausted)
