"""Choice of a scenario and of a machine to play it on, as several commands have it."""

import argparse
from pathlib import Path

from hw.presets import PRESETS
from sim.machine import DEFAULT_ERA, ERAS, MODES
from sim.scenario.scenario import Scenario, load
from sim.scenarios import SCENARIOS

from .usage import UsageError


__all__ = ["DEFAULT_SCENARIO", "add_machine", "chosen"]


DEFAULT_SCENARIO = "article"


def add_machine(command: argparse.ArgumentParser) -> None:
    """Add the options for unit and kernel."""
    command.add_argument("--mode", choices=MODES,
                         help="paging mode (default: the first of the scenario's modes that the "
                              "unit has)")
    command.add_argument("--preset", choices=PRESETS,
                         help="configuration of the unit, see `dragoncage list` (default: "
                              "default, or the board's)")
    command.add_argument("--era", choices=ERAS, default=DEFAULT_ERA,
                         help=f"Linux versions that the kernel follows (default: {DEFAULT_ERA})")


def chosen(name: str, mode: str | None) -> Scenario:
    """Return the scenario of that name, or in that file, which can be played in ``mode``.

    Raises :class:`UsageError`, and :class:`sim.scenario.mistakes.ScenarioError` if the file has a
    mistake.
    """
    scenario = _found(name)
    if mode is not None and mode not in scenario.modes:
        raise UsageError(f'scenario "{scenario.name}" has no mode {mode}; '
                         f"use --mode {' or '.join(scenario.modes)}")
    return scenario


def _found(name: str) -> Scenario:
    if name in SCENARIOS:
        return SCENARIOS[name]
    if not name.endswith(".py"):
        raise UsageError(f'unknown scenario "{name}"; there are: '
                         f"{', '.join(SCENARIOS) or 'none'} (see: dragoncage list)")
    try:
        return load(Path(name))
    except OSError as error:
        raise UsageError(f"cannot load {name}: {error.strerror or error}") from error
