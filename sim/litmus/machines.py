"""Machines that litmus tests are played on, with a flaw or without."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from hw.config import MmuConfig
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.engine import Engine
from sim.engines.pysim import PysimEngine
from sim.golden.stepwise import StepwiseProcessor, UnlockedProcessor, WholeProcessor
from sim.memory import PhysicalMemory
from sim.record.waves import WaveSink
from sim.schedule import Schedule
from sim.verification.flawed_machines import flawed_machines
from sw.bus import Access, Response

from .examine import Player
from .golden import GoldenPlayer
from .units import UnitPlayer


__all__ = ["ENGINES", "FLAWS_OF", "player"]


#: Engines by name. A unit with a flaw is not compiled, as each would be compiled anew.
ENGINES = ("cxxrtl", "pysim", "golden")

#: Flaws that a user's accesses in 32-bit paging can show.
UNIT_FLAWS = (
    "the D bit is lost", "an update does not compare", "an update is not locked",
    "a lock ends between its halves", "INVLPG does nothing", "INVLPG spares the second level",
    "INVLPG spares tables", "a clean page is written unseen",
)


class _ForgetfulProcessor(StepwiseProcessor):
    """A processor with a flaw: INVLPG forgets nothing."""

    async def invlpg(self, linear: int) -> None:
        """Leave all as it is."""
        await self._step(f"invlpg {linear:#x}, without effect")


class _AmnesicProcessor(StepwiseProcessor):
    """A processor that shows too little: each of its accesses walks."""

    async def access(self, access: Access) -> Response:
        """Forget the page, then do one access to it."""
        self.mmu.invlpg(access.linear)
        return await super().access(access)


#: Flaws that a golden machine can have. With the last two it shows nothing that is forbidden, and
#: not all that it must.
GOLDEN_FLAWS: Mapping[str, type[StepwiseProcessor]] = {
    "an update is not locked": UnlockedProcessor, "INVLPG does nothing": _ForgetfulProcessor,
    "no translation is kept": _AmnesicProcessor, "a walk and its access are one": WholeProcessor,
}


#: Flaws by engine.
FLAWS_OF: Mapping[str, Sequence[str]] = {
    "cxxrtl": (), "pysim": UNIT_FLAWS, "golden": tuple(GOLDEN_FLAWS)}


def player(engine: str, config: MmuConfig, *, flaw: str | None = None, cpus: int = 2) -> Player:
    """A machine of an engine, of units with a configuration. A flaw is one that it can have."""
    if engine == "golden":
        return GoldenPlayer(StepwiseProcessor if flaw is None else GOLDEN_FLAWS[flaw])
    if engine == "cxxrtl":
        return UnitPlayer(lambda cpus, memory, schedule: CxxrtlEngine(
            config, cpus=cpus, memory=memory, schedule=schedule, shipped=True), config, cpus)
    idle: dict[Any, Any] = {}

    def make(cpus: int, memory: PhysicalMemory, schedule: Schedule) -> Engine:
        return _SimulatedMachine(config, cpus=cpus, memory=memory, schedule=schedule,
                                 made=nullcontext if flaw is None else
                                 partial(flawed_machines, flaw, idle))

    return UnitPlayer(make, config, cpus)


class _SimulatedMachine(PysimEngine):
    """Amaranth's simulator, in a context in which its machines are ``made``."""

    def __init__(self, config: MmuConfig, *, made: Callable[[], AbstractContextManager[None]],
                 **options: Any):
        super().__init__(config, **options)
        self._made = made

    def _run(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: WaveSink | None) -> None:
        with self._made():
            super()._run(mains, waves)
