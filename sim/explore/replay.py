"""A schedule that was found, as a scenario: on every engine, with its waveform and its page.

``dragoncage explore --save FILE`` writes such a scenario; see :func:`as_scenario`.
"""

from pathlib import Path

from sim.scenario import Stage, Verdict
from sw.errno import KernelError
from sw.include.linux.signal_types import Killed, Signal
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu

from .gate import Gate
from .plan import Plan, parse, render
from .race import Race
from .report import title
from .unit import Setting


__all__ = ["as_scenario", "replayed"]


def as_scenario(setting: Setting, file: Path, plan: Plan) -> str:
    """The text of a scenario that plays a race by a plan, counted in operations."""
    return f'''"""{title(setting)}

A schedule of the race {setting.race} that `dragoncage explore` has found. To play it:
dragoncage run {file} --era {setting.era_name}
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
        prepared = await setting.module.prepare(stage.cpus)
        gate     = Gate(parse(schedule), [cpu.bus for cpu in stage.cpus])
        for cpu, bus in zip(stage.cpus, gate.buses, strict=True):
            cpu.bus = bus
        await _raced(stage, setting, prepared, gate)


async def _raced(stage: Stage, setting: Setting, prepared: Race, gate: Gate) -> None:
    ends = [""] * len(stage.cpus)

    async def program(cpu: Cpu) -> None:
        try:
            await prepared.programs[cpu.number](cpu, gate.start)
        except (KernelError, Signal, Killed) as end:
            ends[cpu.number] = f", ended by {type(end).__name__}: {end}"
        gate.over[cpu.number] = True
        while gate.shut:
            await cpu.sti_hlt()

    async with stage.act(title(setting)):
        others = [await stage.start(cpu.number, program)
                  for cpu in stage.cpus[1:]]
        async with stage.testing("the schedule leads to the bad outcome"):
            await program(stage.cpu)
            for other in others:
                await stage.finish(other)
        stage.did(f"the race {setting.race} by a schedule that was found, on a kernel of "
                  f"{kconfig(stage.cpu).era.name}")
        for number, end in enumerate(ends):
            stage.did(f"processor {number} has executed its program{end}")
        bad = prepared.judge(stage.memory)
        stage.claim("the schedule leads to the bad outcome", Verdict(
            bad is not None, stage.cycle, bad or "memory is as it should be",
            "what must not be in physical memory"))
