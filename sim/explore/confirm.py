"""Schedules played again on the gateware: booted and set up once, then copied for each.

The copies are made at the start of the race, as on the golden machine. So the engine must be part
of this process: it is Amaranth's simulator, or the compiled one.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sim.machine import Machine

from .fork import ChildFailed
from .gate import Gate
from .plan import Plan, render
from .racers import Racers
from .unit import Setting


__all__ = ["CONFIRMING", "Confirmation", "confirm"]


#: Engines that run in this process, without a thread of their own.
CONFIRMING = ("cxxrtl", "pysim")


class _Confirmed(BaseException):
    """All copies have reported. No kernel stops this on its way: it is no error of a program's."""


@dataclass(frozen=True)
class Confirmation:
    """Schedules that were played again.

    Attributes
    ----------
    engine : :class:`str`
        The engine that did.
    schedules, bad : :class:`int`
        How many; and how many have the bad outcome there.
    differ : :class:`list` of :data:`.plan.Plan`
        Those that end otherwise than on the golden machine.
    """

    engine:    str
    schedules: int
    bad:       int
    differ:    list[Plan]

    @property
    def agree(self) -> int:
        """Schedules that end as on the golden machine."""
        return self.schedules - len(self.differ)


def confirm(setting: Setting, plans: Sequence[tuple[Plan, str]], engine: str) -> Confirmation:
    """Play plans, counted in operations, on an engine, and compare what is bad at the end of each.

    Raises :class:`sim.errors.Unavailable` if there is no such engine here, and
    :class:`.fork.ChildFailed` if a copy has come to another end.
    """
    endings = _endings(setting, [plan for plan, _ in plans], engine)
    return Confirmation(engine, len(plans), sum(map(bool, endings)), [
        plan for (plan, bad), ending in zip(plans, endings, strict=True) if bad != ending])


def _endings(setting: Setting, plans: Sequence[Plan], engine: str) -> list[str]:
    """Bad outcome of each plan, or an empty text."""
    endings: list[str] = []
    writer = -1

    def copied(gate: Gate) -> None:
        """Make a copy for each plan; in a copy, go on with it."""
        nonlocal writer
        for plan in plans:
            reader, own = os.pipe()
            if os.fork() == 0:
                writer = own
                gate.follow(plan)
                return
            os.close(own)
            endings.append(_report(reader, plan))
        raise _Confirmed

    async def main(machine: Machine) -> None:
        with setting.variant.kernel():
            race = await setting.module.prepare(machine.cpus)
            await Racers(machine.cpus, race, copied).race()
        os.write(writer, f"!{race.judge(machine.memory) or ''}".encode())
        os._exit(0)

    machine = Machine(engine=engine, era=setting.era_name, cpus=setting.module.CPUS,
                      kernel=setting.switches.kernel())
    try:
        machine.run(main)
    except _Confirmed:
        return endings
    finally:
        if writer >= 0:  # a copy that has failed
            os._exit(1)
    raise AssertionError("BUG: a run that was to be copied has come to its end")


def _report(reader: int, plan: Plan) -> str:
    """Bad outcome that a copy reports."""
    with open(reader, encoding="utf-8") as pipe:
        report = pipe.read()
    os.wait()
    if not report:
        raise ChildFailed(f'the schedule "{render(plan)}" has no end on this engine')
    return report[1:]
