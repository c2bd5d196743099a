"""Choice of a scenario and of a machine to play it on, as several commands have it."""

import argparse
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hw.presets import PRESETS
from sim.errors import Unavailable, Unsuited
from sim.machine import DEFAULT_ERA, ERAS, MODES
from sim.scenario.assembly import MachineChoice
from sim.scenario.scenario import Scenario, load
from sim.scenarios import SCENARIOS
from sim.schedule import Schedule, parse, seeded
from sim.switches import Switches

from .switches import add_switches, switches_of
from .usage import UsageError, seed


__all__ = ["DEFAULT_SCENARIO", "add_machine", "as_words", "chosen", "cpus_of", "machine_choice",
           "refusals_in_one_line"]


DEFAULT_SCENARIO = "article"

#: Policies of forced writes (``proc_mem.force_override=``).
POLICIES = ("never", "ptrace", "always")

#: Options of :func:`add_machine` that have one value each; the engine's name is with the command.
OPTIONS = ("mode", "preset", "era", "force_override", "seed", "schedule")


def add_machine(command: argparse.ArgumentParser) -> None:
    """Add the options for unit, memory, kernel and time slices."""
    add_unit_and_kernel(command)
    slices = command.add_mutually_exclusive_group()
    slices.add_argument("--seed", type=seed, metavar="N",
                        help="with several processors: random time slices, from the seed N")
    slices.add_argument("--schedule", metavar="SLICES",
                        help='with several processors: these time slices, such as "0:3 1:12": CPU '
                             "0 for 3 steps, CPU 1 for 12, then all at once; run --json reports "
                             "the slices of a run")


def add_unit_and_kernel(command: argparse.ArgumentParser) -> None:
    """Add the options for unit, memory and kernel."""
    command.add_argument("--mode", choices=MODES,
                         help="paging mode (default: the first of the scenario's modes that the "
                              "unit has)")
    command.add_argument("--preset", choices=PRESETS,
                         help="configuration of the unit, see `dragoncage list` (default: "
                              "default, or the first that has the mode; or the board's)")
    command.add_argument("--era", choices=ERAS, default=DEFAULT_ERA, metavar="ERA",
                         help=f"version of Linux whose rules the kernel has: {', '.join(ERAS)} "
                              f"(default: {DEFAULT_ERA})")
    command.add_argument("--force-override", choices=POLICIES,
                         help="with --era 6.x or 6.18: who may write through /proc/PID/mem against "
                              "protection (default: always)")
    add_switches(command)


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


def machine_choice(scenario: Scenario, args: argparse.Namespace,
                   **options: Any) -> MachineChoice:
    """The machine that the command gives ``scenario``, and ``options`` of the engine.

    Raises :class:`UsageError`.
    """
    if args.engine == "cxxrtl":
        options |= {"shipped": _is_shipped(args)}
    choice = unit_and_kernel(args, **options)
    choice["schedule"] = _schedule(scenario, cpus_of(scenario, choice["switches"]), args)
    return choice


def unit_and_kernel(args: argparse.Namespace, **options: Any) -> MachineChoice:
    """The unit, memory and kernel that the command gives, and ``options`` of the engine.

    Raises :class:`UsageError`.
    """
    if args.force_override is not None and not ERAS[args.era].force_override:
        raise UsageError("--force-override: Linux has proc_mem.force_override= since 6.12; add "
                         "--era 6.x or 6.18")
    return MachineChoice(
        mode=args.mode, engine=args.engine, era=args.era,
        config=None if args.preset is None else PRESETS[args.preset],
        force_override=args.force_override, switches=switches_of(args), options=options)


def cpus_of(scenario: Scenario, switches: Switches) -> int:
    """Processors of the machine that ``scenario`` is played on."""
    return int(switches.of("machine").get("cpus", scenario.cpus))


def as_words(name: str, args: argparse.Namespace) -> str:
    """Scenario and machine of a command as words of one line, for another command to have them."""
    words = [name]
    for option in OPTIONS:
        value = getattr(args, option)
        if value is not None and (option, value) != ("era", DEFAULT_ERA):
            words += [f"--{option.replace('_', '-')}", str(value)]
    if args.switches:
        words += ["--set", *args.switches]
    return shlex.join(words)


@contextmanager
def refusals_in_one_line(scenario: Scenario) -> Iterator[None]:
    """Raise :class:`UsageError` for a machine that cannot be, or not here."""
    try:
        yield
    except Unsuited as error:
        raise UsageError(f'scenario "{scenario.name}": {error}') from error
    except Unavailable as error:
        raise UsageError(str(error)) from error


def _is_shipped(args: argparse.Namespace) -> bool:
    """True if the code of the unit is as its files have it.

    A scenario of somebody else's may have changed it on its way in; who can tell says so.
    """
    if "shipped" in args:
        return bool(args.shipped())
    return all(name in SCENARIOS for name in _names(args))


def _names(args: argparse.Namespace) -> list[str]:
    """All scenarios of a command: some have one, some any number."""
    return args.names if "names" in args else [args.name]


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


def _schedule(scenario: Scenario, cpus: int, args: argparse.Namespace) -> Schedule | None:
    """The time slices that the command gives, if any."""
    if args.seed is None and args.schedule is None:
        return None
    if cpus == 1:
        raise UsageError(f'scenario "{scenario.name}" has one processor: there is nothing to '
                         "schedule; leave --seed and --schedule out")
    if args.seed is not None:
        return Schedule(seeded(args.seed, cpus))
    try:
        return Schedule(parse(args.schedule, cpus))
    except ValueError as error:
        raise UsageError(f"--schedule: {error}") from error
