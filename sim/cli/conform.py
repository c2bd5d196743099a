"""`dragoncage conform`: recorded runs, compared with an abstract MMU."""

import argparse
import io
import json
from contextlib import nullcontext, redirect_stdout
from typing import Any

from sim.abstract.check import Checked, check
from sim.machine import Machine
from sim.output.files import print_out
from sim.output.progress import Progress
from sim.scenario.mistakes import ScenarioError
from sim.scenario.run import Run
from sim.scenario.stage import Stage
from sim.verification.flaw_list import FLAWS, MODE_OF, lacked
from sim.verification.flawed_machines import flawed_machines

from .again import DEFAULT_ENGINE, TRACED
from .choice import add_machine, chosen, machine_choice, refusals_in_one_line
from .usage import MISTAKE, UsageError, complain
from .watching import Watching


__all__ = ["SCHEMA", "add", "conform_command"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

#: Scenarios of two processors.
DEFAULT = ["race", "shootdown"]

#: Flaws of a unit; the last of the list is memory's.
UNIT_FLAWS = list(FLAWS)[:-1]


def add(commands: Any) -> None:
    """Add the arguments."""
    conform = commands.add_parser("conform", help=conform_command.__doc__,
                                  description=conform_command.__doc__)
    conform.add_argument("names", nargs="*", metavar="NAME", default=DEFAULT,
                         help="scenarios, or Python files with one each (default: "
                              f"{' and '.join(DEFAULT)})")
    add_machine(conform)
    conform.add_argument("--engine", choices=TRACED, default=DEFAULT_ENGINE,
                         help=f"engine that runs the machine (default: {DEFAULT_ENGINE})")
    conform.add_argument("--flaw", metavar="FLAW",
                         help="with --engine pysim: give the units a flaw, such as "
                              '"INVLPG does nothing"')
    conform.add_argument("--json", action="store_true", help="print JSON")
    conform.set_defaults(command=conform_command)


def conform_command(args: argparse.Namespace) -> int:
    """Play scenarios, and find for each recorded step one of an abstract MMU."""
    if args.flaw is not None and args.flaw not in UNIT_FLAWS:
        names = ", ".join(f'"{flaw}"' for flaw in UNIT_FLAWS)
        raise UsageError(f'a unit has no flaw "{args.flaw[:40]}"; there are: {names}')
    if args.flaw is not None and args.engine != "pysim":
        raise UsageError("--flaw: a unit with a flaw runs with --engine pysim alone")
    played: list[tuple[Run, Checked]] = []
    try:
        for name in args.names:
            played.append(_played(name, args))
            if not args.json:
                print_out(_told(*played[-1]))
    except ScenarioError as error:
        complain(f"the scenario has a mistake: {error.mistake}")
        return MISTAKE
    if args.json:
        print_out(json.dumps({"schema": SCHEMA, "flaw": args.flaw, "runs": [
            _as_json(run, checked) for run, checked in played]}, indent=2) + "\n")
    if any(run.mistake is not None for run, _ in played):
        return MISTAKE
    return int(any(checked.complaint is not None or run.failure is not None
                   for run, checked in played))


def _played(name: str, args: argparse.Namespace) -> tuple[Run, Checked]:
    """Play a scenario, and check its record. What it prints is not shown."""
    scenario = chosen(name, args.mode)
    found: list[Checked] = []

    def ended(stage: Stage) -> None:
        found.append(check(stage.traces, stage.config.maxphyaddr))

    flawed = nullcontext() if args.flaw is None else flawed_machines(args.flaw, {})
    choice = machine_choice(scenario, args)
    with (Progress("boot", unit="cycles") as progress, refusals_in_one_line(scenario),
          redirect_stdout(io.StringIO()), flawed):
        if args.flaw is not None:
            _check_flaw(args.flaw, scenario.assemble(**choice))
        run = scenario.perform(**choice, listener=Watching(progress), ended=ended)
    if run.mistake is not None:
        complain(f"the scenario has a mistake: {run.mistake}")
    return run, found[0]


def _check_flaw(flaw: str, machine: Machine) -> None:
    """Refuse a flaw of something that the machine does not have, or is not made to do."""
    if lack := lacked(flaw, machine.config):
        raise UsageError(f'--flaw: "{flaw}" changes nothing in a unit without {lack}; take another '
                         "--preset")
    if (mode := MODE_OF.get(flaw, machine.mode)) != machine.mode:
        raise UsageError(f'--flaw: "{flaw}" changes nothing in the mode {machine.mode}; take '
                         f"--mode {mode}")


def _told(run: Run, checked: Checked) -> str:
    what = f"{run.scenario} ({run.mode}, {run.engine}, {run.cycles:,} cycles)"
    if run.failure is not None:
        complain(f"the run stopped: {run.failure.reason}")
    if checked.complaint is None:
        return f"{what}: {checked.steps:,} steps, all of them those of an abstract MMU\n"
    return f"{what}: {checked.complaint} (after {checked.steps:,} steps)\n"


def _as_json(run: Run, checked: Checked) -> dict[str, Any]:
    complaint = checked.complaint
    return {
        "scenario": run.scenario, "mode": run.mode, "engine": run.engine, "era": run.era,
        "cycles": run.cycles, "schedule": run.schedule, "steps": checked.steps,
        "conforms": complaint is None,
        "complaint": None if complaint is None else complaint._asdict(),
        "failure": None if run.failure is None else run.failure.reason,
    }
