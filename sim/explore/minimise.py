"""Schedules made smaller: as few switches as the bad outcome needs.

A switch is told by what the processor that is left has done, not by the number of the step in all:
so it keeps its meaning when another switch is taken out.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from .fork import in_copy
from .machine import RacingMachine
from .plan import Plan
from .play import Chooser, Ending, Game


__all__ = ["minimised"]


class _Stop(NamedTuple):
    """After ``made`` steps of its own processor ``cpu`` is left, and ``to`` takes over."""

    cpu:  int
    made: int
    to:   int


def minimised(machine: RacingMachine, plan: Plan) -> Ending:
    """Return the end of a schedule with the bad outcome from which no switch can be taken out."""
    stops  = in_copy(lambda: _stops(machine, plan))
    ending = in_copy(lambda: _by_stops(machine, stops))
    assert ending.bad, "a schedule that is played again ends in the same way"
    size = len(stops)
    while size:
        start = 0
        while start < len(stops):
            fewer = [*stops[:start], *stops[start + size:]]
            trial = in_copy(partial(_by_stops, machine, fewer))
            if trial.bad:
                stops, ending = fewer, trial
            else:
                start += size
        size = min(size, len(stops) + 1) // 2
    return ending


def _stops(machine: RacingMachine, plan: Plan) -> list[_Stop]:
    """Play a plan; return its switches in the other form."""
    game = Game(machine)
    game.follow(plan)
    made, before, stops = [0] * game.processors, -1, []
    switches = dict(plan)
    for step, moment in enumerate(game.moments):
        if step in switches:
            stops.append(_Stop(before, made[before] if before >= 0 else 0, moment.cpu))
        made[moment.cpu] += 1
        before = moment.cpu
    return stops


def _by_stops(machine: RacingMachine, stops: Sequence[_Stop]) -> Ending:
    return Game(machine).play(_chooser(stops, len(machine.processors)))


def _chooser(stops: Sequence[_Stop], processors: int) -> Chooser:
    """Switch at each of the stops, if it comes to it in their order."""
    coming = list(stops)
    made   = [0] * processors
    last   = -1

    def choose(default: int, useful: tuple[int, ...], step: int) -> int:
        nonlocal last
        cpu = default
        if coming and coming[0].cpu == last and coming[0].made == (made[last] if last >= 0 else 0):
            wanted = coming.pop(0).to
            cpu = wanted if wanted in useful else default
        made[cpu] += 1
        last = cpu
        return cpu

    return choose


