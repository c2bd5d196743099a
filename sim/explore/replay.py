"""A schedule that was found, as a scenario: on every engine, with its waveform and its page.

``dragoncage explore --save FILE`` writes such a scenario; see :func:`as_scenario`.
"""

from pathlib import Path

from sim.scenario import Stage, Verdict
from sw.kconfig import kconfig

from .plan import Plan, parse, render
from .racers import Racers
from .report import title
from .unit import Setting


__all__ = ["as_scenario", "command", "replayed"]


def command(setting: Setting, file: Path) -> str:
    """The command that plays a scenario that was saved."""
    switches = f" --set {setting.switches}" if setting.switches.values else ""
    return f"dragoncage run {file} --era {setting.era_name}{switches}"


def as_scenario(setting: Setting, file: Path, plan: Plan) -> str:
    """The text of a scenario that plays a race by a plan, counted in operations."""
    return f'''"""{title(setting)}

A schedule of the race {setting.race} that `dragoncage explore` has found. To play it:
{command(setting, file)}
"""

from sim.explore.replay import replayed


MODES = ("4level",)

MACHINE = {{"cpus": {setting.module.CPUS}}}

#: Before how many operations of all processors another one takes over than would have.
SCHEDULE = "{render(plan)}"


async def play(stage):
    await replayed(stage, "{setting.race}", SCHEDULE, sound={setting.sound})
'''


async def replayed(stage: Stage, race: str, schedule: str, *, sound: bool) -> None:
    """Play a race by a schedule, and claim that the bad outcome is in memory then."""
    setting = Setting(race, sound)
    variant = setting.variant
    with variant.kernel():
        await _raced(stage, setting, parse(schedule))


async def _raced(stage: Stage, setting: Setting, plan: Plan) -> None:
    race   = await setting.module.prepare(stage.cpus)
    racers = Racers(stage.cpus, race, lambda gate: gate.follow(plan))
    async with stage.act(title(setting)):
        async with stage.testing("the schedule leads to the bad outcome"):
            await racers.race()
        stage.did(f"the race {setting.race} by a schedule that was found, on a kernel of "
                  f"{kconfig(stage.cpu).era.name}")
        for number, end in enumerate(racers.ends):
            stage.did(f"processor {number} has executed its program"
                      f"{end and f', which has ended with {end}'}")
        bad = race.judge(stage.memory)
        stage.claim("the schedule leads to the bad outcome", Verdict(
            bad is not None, stage.cycle, bad or "memory is as it should be",
            "what must not be in physical memory"))
