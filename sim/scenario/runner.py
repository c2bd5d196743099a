"""Runs of scenarios, each in the process where its engine can run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Unpack, cast

from sim.engines.cocotb import CocotbEngine
from sim.engines.cocotb.host import call
from sim.machine import ENGINES

from .assembly import MachineChoice
from .export import Export
from .run import Run
from .scenario import Scenario
from .stage import Act


__all__ = ["perform"]


def perform(
    scenario: Scenario, *, limit: int | None = None, waves: Path | None = None,
    waves_from: int | None = None, begun: Callable[[Run], None] = lambda run: None,
    announce: Callable[[str], None] = lambda title: None,
    acted: Callable[[int, Act], None] = lambda number, act: None,
    progress: Callable[[int], None] = lambda cycle: None, exports: Sequence[Export] = (),
    **choice: Unpack[MachineChoice],
) -> Run:
    """Perform a scenario as :meth:`.scenario.Scenario.perform` does, or have it done.

    The engine cocotb runs in its simulator: the scenario goes there, and acts, progress and the
    run come back.
    """
    if ENGINES[choice["engine"]] is CocotbEngine:
        engine = cast(CocotbEngine, scenario.assemble(**choice).engine)
        wanted = {"limit": limit, "waves": waves, "waves_from": waves_from, "exports": exports,
                  **choice}
        return cast(Run, call(engine, scenario.perform, wanted, {
            "begun": begun, "announce": announce, "acted": acted, "progress": progress}))
    return scenario.perform(limit=limit, waves=waves, waves_from=waves_from, begun=begun,
                            announce=announce, acted=acted,
                            progress=progress, exports=exports, **choice)
