"""The cocotb test of a unit with flaws: for each flaw, rounds until one notices it."""

from pathlib import Path
from typing import Any

import cocotb

from .drivers import WishboneTarget
from .flaw_list import FLAWS
from .rounds import play_round
from .runs import RESULT, RunResult, RunSettings
from .testbench import MmuTestbench


__all__: list[str] = []


class RepeatingTarget(WishboneTarget):
    """Memory that can be made to acknowledge everything twice."""

    repeats = False

    def step(self) -> None:
        """Do as memory does, and acknowledge once more the transfer that was acknowledged."""
        acknowledged = self._port.now.acknowledges
        super().step()
        if self.repeats and acknowledged:
            self._ack.drive(1)


@cocotb.test()
async def flaws(dut: Any) -> None:
    """Play on the unit without a flaw, and then with each; their failures are the result."""
    settings  = RunSettings.received()
    testbench = MmuTestbench(dut, settings.config, target=RepeatingTarget)
    target    = testbench.target
    assert isinstance(target, RepeatingTarget)
    result    = RunResult()
    for number, name in enumerate(("none", *FLAWS)):
        dut.flaw.value = number
        target.repeats = name == "memory acknowledges twice"
        result.complaints[name] = await _complaint(testbench, settings, result)
    result.cycles, result.seconds = testbench.clock.cycle, testbench.seconds
    result.save(Path(RESULT))


async def _complaint(testbench: MmuTestbench, settings: RunSettings, result: RunResult) -> str:
    for number in range(settings.first, settings.first + settings.least):
        result.rounds += 1
        try:
            result.accesses += await play_round(testbench, settings.seed, number)
        except AssertionError as error:
            return str(error)
    return ""
