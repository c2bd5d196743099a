"""`dragoncage walk`: an address as unit and TLB see it, in any cycle of a run."""

import argparse
import json
import sys
from contextlib import redirect_stdout
from typing import Any

from hw.presets import PRESETS
from sim.errors import Unavailable, Unsuited
from sim.output.files import print_out
from sim.output.progress import Progress
from sim.paging.json import as_json
from sim.paging.text import as_text
from sim.paging.walk import PageWalk
from sim.scenario.mistakes import ScenarioError
from sim.scenario.run import Run
from sim.scenario.stage import Stage

from .choice import DEFAULT_SCENARIO, add_machine, chosen
from .run import MISTAKE
from .usage import UsageError, complain, linear_address, whole_number


__all__ = ["SCHEMA", "add", "walk_command"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

#: Engines on whose record the contents of the TLB are, in this process.
ENGINES = ("pysim", "cxxrtl")


def add(commands: Any) -> None:
    """Add the arguments."""
    walk = commands.add_parser("walk", help=walk_command.__doc__,
                               description=walk_command.__doc__)
    walk.add_argument("address", metavar="ADDRESS", type=linear_address,
                      help="linear address, such as 0x7ffff7ffc000")
    walk.add_argument("name", nargs="?", metavar="NAME", default=DEFAULT_SCENARIO,
                      help=f"scenario, or Python file with one (default: {DEFAULT_SCENARIO})")
    walk.add_argument("--at", metavar="CYCLE|CLAIM",
                      help="cycle, or words of a claim, which stands for the cycle that shows it "
                           "(default: the end of the run)")
    walk.add_argument("--cpu", metavar="N", type=whole_number(0, 31), default=0,
                      help="processor (default: 0)")
    add_machine(walk)
    walk.add_argument("--engine", choices=ENGINES, default="pysim",
                      help="engine that runs the machine (default: pysim)")
    walk.add_argument("--json", action="store_true", help="print JSON")
    walk.set_defaults(command=walk_command)


def walk_command(args: argparse.Namespace) -> int:
    """Play a scenario, and walk the page tables for an address as they were in a cycle."""
    try:
        run, found = _played(args)
    except ScenarioError as error:
        complain(f"the scenario has a mistake: {error.mistake}")
        return MISTAKE
    if run.mistake is not None:
        complain(f"the scenario has a mistake: {run.mistake}")
    if run.failure is not None:
        complain(f"the run stopped: {run.failure.reason}")
    if found.linear != args.address:
        complain(f"{args.address:#x} is {found.linear:#x} here: outside 4-level paging an "
                 "address has 32 bits")
    print_out(json.dumps({"schema": SCHEMA, "walk": as_json(found)}, indent=2) + "\n"
              if args.json else as_text(found))
    return MISTAKE if run.mistake is not None else int(run.failure is not None)


def _played(args: argparse.Namespace) -> tuple[Run, PageWalk]:
    """Play the scenario; return its run, and the walk."""
    scenario = chosen(args.name, args.mode)
    if args.cpu >= scenario.cpus:
        raise UsageError(f'--cpu {args.cpu}: scenario "{scenario.name}" has processors 0 to '
                         f"{scenario.cpus - 1}")
    stages: list[Stage] = []
    try:
        # What the scenario prints is no part of the walk.
        with Progress("boot", unit="cycles") as progress, redirect_stdout(sys.stderr):
            run = scenario.perform(
                mode=args.mode, engine=args.engine, era=args.era,
                config=None if args.preset is None else PRESETS[args.preset],
                announce=progress.part, progress=progress.count, ended=stages.append)
    except Unsuited as error:
        raise UsageError(f'scenario "{scenario.name}": {error}') from error
    except Unavailable as error:
        raise UsageError(str(error)) from error
    return run, stages[0].walk(args.address, cpu=args.cpu, cycle=_cycle(args.at, run))


def _cycle(text: str | None, run: Run) -> int:
    """The cycle that ``--at`` names. Raises :class:`UsageError`."""
    if text is None:
        return run.cycles
    if text.isdecimal():
        cycle = whole_number(0, run.cycles)
        try:
            return cycle(text)
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"--at: {error}: the run ends there") from error
    cycles = [claim.cycle for claim in run.claims if text in claim.text and claim.cycle is not None]
    if not cycles:
        raise UsageError(f'--at: "{text}" is neither a cycle nor in a claim of the run that has '
                         "one (see: dragoncage run)")
    if len(cycles) > 1:
        raise UsageError(f'--at: "{text}" is in several claims; choose one of their cycles: '
                         f"{', '.join(map(str, cycles))}")
    return cycles[0]
