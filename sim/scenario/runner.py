"""Runs of scenarios, each in the process where its engine can run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack, cast

from sim.engines.cocotb import CocotbEngine
from sim.engines.cocotb.host import call
from sim.machine import ENGINES

from .assembly import MachineChoice
from .export import Export
from .listener import Listener
from .run import Run
from .scenario import DEAF, Scenario


__all__ = ["perform"]


#: What a listener hears.
HEARD = [name for name in vars(Listener) if not name.startswith("_")]


def perform(
    scenario: Scenario, *, limit: int | None = None, waves: Path | None = None,
    waves_from: int | None = None, exports: Sequence[Export] = (), listener: Listener = DEAF,
    **choice: Unpack[MachineChoice],
) -> Run:
    """Perform a scenario as :meth:`.scenario.Scenario.perform` does, or have it done.

    The engine cocotb runs in its simulator: the scenario goes there, and what the ``listener``
    hears and the run come back.
    """
    wanted: dict[str, Any] = {"limit": limit, "waves": waves, "waves_from": waves_from,
                              "exports": exports, **choice}
    if ENGINES[choice["engine"]] is CocotbEngine:
        engine = cast(CocotbEngine, scenario.assemble(**choice).engine)
        return cast(Run, call(engine, _perform_there, {"scenario": scenario, "wanted": wanted},
                              {name: getattr(listener, name) for name in HEARD}))
    return scenario.perform(listener=listener, **wanted)


def _perform_there(
    scenario: Scenario, wanted: dict[str, Any], **hear: Callable[..., None],
) -> Run:
    """Perform a scenario in the simulator; the functions ``hear`` are called in the command."""
    return scenario.perform(listener=_Relay(hear), **wanted)


class _Relay(Listener):
    """Listener that passes on what it hears to functions, which have the names of its methods."""

    def __init__(self, hear: dict[str, Callable[..., None]]):
        vars(self).update(hear)
