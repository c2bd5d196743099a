"""Units of a search: what a worker does at a time, on a machine that it has booted once.

A unit and its result are plain values. The result depends on the unit alone, not on the worker.
"""

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from sim.errors import Unsuited
from sim.switches import Switches
from sw.era import ERAS
from sw.errno import KernelError

from .footprint import Footprint, watch
from .fork import in_copy
from .machine import RacingMachine
from .plan import Plan, Switch
from .play import Ending, Game
from .race import RaceModule, Variant
from .races import race_called
from .sample import Sampling


__all__ = ["Branch", "Chain", "Played", "Samples", "Setting", "do_unit", "machine_for"]


class Setting(NamedTuple):
    """Subject of a search.

    Attributes
    ----------
    race : :class:`str`
        Name of the race.
    sound : :class:`bool`
        It is played where the bad outcome cannot be had.
    era : :class:`str`
        Rules of the kernel; empty: those of the race.
    switches : :class:`sim.switches.Switches`
        What the kernel has otherwise.
    """

    race:     str
    sound:    bool     = False
    era:      str      = ""
    switches: Switches = Switches()

    @property
    def module(self) -> RaceModule:
        """The race."""
        return race_called(self.race)

    @property
    def variant(self) -> Variant:
        """Machine and kernel."""
        return self.module.SOUND if self.sound else self.module.FLAWED

    @property
    def era_name(self) -> str:
        """The era that it is played in."""
        return self.era or self.variant.era


class Branch(NamedTuple):
    """A switch that could be made in a schedule that was played.

    Attributes
    ----------
    step, cpu : :class:`int`
        The switch.
    past : :class:`int`
        What had happened before it, up to the order of steps that commute.
    free : :class:`bool`
        It would be no preemption.
    """

    step: int
    cpu:  int
    past: int
    free: bool


class Played(NamedTuple):
    """A schedule that was played.

    Attributes
    ----------
    ending : :class:`.play.Ending`
        How it ended.
    equal : :class:`int`
        Schedules of the same unit that need not be played, as they differ from this one in the
        order of steps that commute.
    branches : :class:`tuple` of :class:`Branch`
        Switches that could be made after its last one.
    """

    ending:   Ending
    equal:    int
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Chain:
    """Schedules that differ from a plan by one more switch: to ``cpu``, before one of ``steps``.

    After those of a ``final`` chain nobody is to be preempted any more.
    """

    base:  Plan
    steps: tuple[int, ...]
    cpu:   int
    final: bool = False


@dataclass(frozen=True)
class Samples:
    """Schedules that are drawn, by their numbers."""

    sampling: Sampling
    numbers:  tuple[int, ...]


_machines: dict[Setting, RacingMachine] = {}


def machine_for(setting: Setting) -> RacingMachine:
    """The machine of a setting at the start of its race. It is to be played in a copy.

    Raises :class:`sim.errors.Unsuited` for a kernel that refuses what the race needs.
    """
    if setting not in _machines:
        with setting.variant.kernel():
            try:
                _machines[setting] = RacingMachine(setting.module, setting.variant,
                                                   ERAS[setting.era_name],
                                                   kernel=setting.switches.kernel())
            except KernelError as error:
                raise Unsuited(f"the race cannot be set up on this kernel: {error}") from None
    return _machines[setting]


def do_unit(setting: Setting, unit: Chain | Samples) -> list[Played]:
    """Play the schedules of a unit."""
    machine = machine_for(setting)

    def play() -> list[Played]:
        with setting.variant.kernel():
            if isinstance(unit, Chain):
                return _do_chain(machine, unit)
            return [in_copy(partial(_sampled, machine, unit.sampling, number))
                    for number in unit.numbers]

    return in_copy(play)


def _sampled(machine: RacingMachine, sampling: Sampling, number: int) -> Played:
    return Played(Game(machine).play(sampling.chooser(number)), 0, ())


def _do_chain(machine: RacingMachine, unit: Chain) -> list[Played]:
    """Play the plan up to each of the steps in turn, and from there in a copy to the end."""
    game  = Game(machine, watch())
    steps = deque(unit.steps)
    found = []
    while steps:
        step = steps.popleft()
        game.follow(unit.base, until=step)
        ending, reach, branches = in_copy(partial(_branched, game, unit, step))
        equal = 0
        while steps and steps[0] <= step + reach:
            steps.popleft()
            equal += 1
        found.append(Played(ending, equal, branches))
    return found


def _branched(game: Game, unit: Chain, step: int) -> tuple[Ending, int, tuple[Branch, ...]]:
    """Make the switch, and play to the end.

    Returns also by how many steps the switch could come later without a difference, and what
    other switches could follow.
    """
    game.follow((*unit.base, Switch(step, unit.cpu)))
    branches = tuple(
        Branch(number, cpu, moment.past, moment.free)
        for number, moment in enumerate(game.moments)
        if number > step and (moment.free or not unit.final) for cpu in moment.others)
    return game.ending(), _reach(game, step), branches


def _reach(game: Game, step: int) -> int:
    """Steps by which a preemption could come later and be the same schedule.

    The processor that was preempted goes on where it was once the others have had their turn. As
    long as its steps commute with all that the others did in between, they could have come before.
    This is sound for two processors: of three, the third might be chosen in between.
    """
    if step == 0 or game.processors != 2:
        return 0
    preempted, between, number = game.moments[step - 1].cpu, Footprint(), step
    while number < len(game.moments) and game.moments[number].cpu != preempted:
        between.add(game.footprints[number])
        number += 1
    reach = 0
    while (number < len(game.moments) and game.moments[number].cpu == preempted
           and not between.conflicts(game.footprints[number])):
        number += 1
        reach  += 1
    return reach
