"""A schedule that was found: made small, step by step for its reader, and as operations."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import NamedTuple

from sim.golden.stepwise import WholeProcessor
from sw.era import ERAS

from .fork import in_copy
from .machine import RacingMachine
from .minimise import minimised
from .plan import Plan, Switch
from .play import Ending, Game
from .unit import Setting, machine_for


__all__ = ["Examined", "Slice", "Step", "examine", "in_operations", "slices", "told"]


class Step(NamedTuple):
    """A step of a schedule.

    Attributes
    ----------
    cpu : :class:`int`
        Processor that makes it.
    functions : :class:`tuple` of :class:`str`
        Kernel functions that it executes then, outermost first; none: the program itself.
    doing : :class:`str`
        What it does to the machine.
    operations : :class:`int`
        Operations that all processors have begun before it, but for the first of each.
    """

    cpu:        int
    functions:  tuple[str, ...]
    doing:      str
    operations: int

    @property
    def function(self) -> str:
        """The innermost function."""
        return self.functions[-1] if self.functions else "the program"


class Slice(NamedTuple):
    """Steps that one processor makes without another in between, from number ``first`` on."""

    cpu:   int
    first: int
    steps: Sequence[Step]

    @property
    def functions(self) -> list[str]:
        """Kernel functions that are executed in it, each at its first time."""
        return list(dict.fromkeys(name for step in self.steps for name in step.functions))


@dataclass(frozen=True)
class Examined:
    """A schedule with the bad outcome, and all that can be said of it.

    Attributes
    ----------
    ending : :class:`.play.Ending`
        Its end, when no switch can be taken out any more.
    steps : sequence of :class:`Step`
        Its steps.
    whole : :data:`.plan.Plan` or :class:`None`
        The same schedule counted in operations instead of steps, with which other engines can play
        it. None: it depends on a switch in the middle of an operation, or on a flaw that they have
        not.
    """

    ending: Ending
    steps:  Sequence[Step]
    whole:  Plan | None


def examine(setting: Setting, plan: Plan) -> Examined:
    """Examine a schedule with the bad outcome."""
    machine = machine_for(setting)

    def play() -> Examined:
        with setting.variant.kernel():
            ending = minimised(machine, plan)
            steps  = in_copy(lambda: told(machine, ending.plan))
            return Examined(ending, steps, _whole(setting, ending.plan, steps))

    return in_copy(play)


def told(machine: RacingMachine, plan: Plan) -> list[Step]:
    """Play a plan on a machine, which is used up by it, and tell each step."""
    steps: list[Step] = []
    begun = sum(processor.operations for processor in machine.processors)

    def before(cpu: int) -> None:
        processor = machine.processors[cpu]
        operations = sum(other.operations for other in machine.processors) - begun
        steps.append(Step(cpu, processor.stack, processor.doing, operations))

    Game(machine, before=before).follow(plan)
    return steps


def slices(steps: Sequence[Step]) -> list[Slice]:
    """Divide steps by processor."""
    found, first = [], 0
    for cpu, group in groupby(steps, key=lambda step: step.cpu):
        found.append(Slice(cpu, first, list(group)))
        first += len(found[-1].steps)
    return found


def in_operations(setting: Setting, plans: Sequence[Plan]) -> list[tuple[Plan, str]]:
    """Plans counted in operations, each once, and what is bad at the end of each.

    A switch in the middle of an operation comes before it.
    """
    machine = machine_for(setting)

    def play() -> list[tuple[Plan, str]]:
        with setting.variant.kernel():
            whole = dict.fromkeys(
                _counted(plan, in_copy(partial(told, machine, plan))) for plan in plans)
            start = _whole_machine(setting)
            return [(plan, in_copy(partial(_bad, start, plan))) for plan in whole]

    return in_copy(play)


def _whole(setting: Setting, plan: Plan, steps: Sequence[Step]) -> Plan | None:
    """The plan in operations, if that has the bad outcome too, on processors without a flaw."""
    whole = _counted(plan, steps)
    return whole if _bad(_whole_machine(setting), whole) else None


def _counted(plan: Plan, steps: Sequence[Step]) -> Plan:
    switches = {steps[switch.step].operations: switch.cpu for switch in plan}
    return tuple(Switch(step, cpu) for step, cpu in sorted(switches.items()))


def _whole_machine(setting: Setting) -> RacingMachine:
    return RacingMachine(setting.module, setting.variant, ERAS[setting.era_name], WholeProcessor,
                         kernel=setting.switches.kernel())


def _bad(machine: RacingMachine, plan: Plan) -> str:
    game = Game(machine)
    game.follow(plan)
    return game.ending().bad
