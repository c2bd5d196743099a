"""`dragoncage litmus`: litmus tests of page tables on several processors."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hw.presets import PRESETS
from sim.errors import Unavailable
from sim.litmus.campaign import Campaign, Machine, campaign
from sim.litmus.enumeration import enumerated
from sim.litmus.examine import Examined, examine
from sim.litmus.library import SUFFIX, library
from sim.litmus.machines import ENGINES, FLAWS_OF
from sim.litmus.parser import parse
from sim.litmus.playable import MalformedTest
from sim.litmus.report import (
    as_json, campaign_as_text, examined_as_text, listed, outcome_text, verdict_as_text,
)
from sim.litmus.test import LitmusTest
from sim.litmus.units import UnitPlayer
from sim.output.files import print_out
from sim.output.progress import Progress
from sim.record.waveform import waveform
from sim.verification.flaw_list import lacked

from .usage import UsageError, path, whole_number, writable_folder
from .workers import add_workers, workers_of


__all__ = ["add", "litmus_command"]


#: Most events of tests that are enumerated, and most bytes of a test.
MOST_EVENTS = 8
MOST_BYTES  = 1 << 16


def add(commands: Any) -> None:
    """Add the arguments."""
    litmus = commands.add_parser("litmus", help=litmus_command.__doc__,
                                 description=litmus_command.__doc__)
    litmus.add_argument("names", nargs="*", metavar="NAME",
                        help=f"tests, or files with one each, which end in {SUFFIX} (default: all "
                             "that come with the project)")
    litmus.add_argument("--list", action="store_true", help="list these tests, and play nothing")
    litmus.add_argument("--events", type=whole_number(1, MOST_EVENTS), metavar="N",
                        help="all tests with at most N events, instead of named ones")
    litmus.add_argument("--show", action="store_true",
                        help="print each test, every outcome that can be thought of, and the steps "
                             "of a schedule for each that was seen")
    litmus.add_argument("--waves", metavar="DIR", type=path,
                        help="write a waveform of each outcome that was seen, to a folder in DIR")
    litmus.add_argument("--engine", choices=ENGINES, default="cxxrtl",
                        help="engine that runs the machine (default: cxxrtl)")
    litmus.add_argument("--preset", choices=PRESETS,
                        help="configuration of the units (default: default)")
    litmus.add_argument("--flaw", metavar="FLAW",
                        help="give the machine a flaw: with --engine pysim "
                             f"{_named_flaws('pysim')}; with --engine golden "
                             f"{_named_flaws('golden')}")
    add_workers(litmus)
    litmus.add_argument("--json", action="store_true", help="print JSON")
    litmus.set_defaults(command=litmus_command)


def litmus_command(args: argparse.Namespace) -> int:
    """Play litmus tests of page tables in all schedules, and compare outcomes with the axioms."""
    _check_effects(args)
    if args.list:
        print_out(listed([_found(name) for name in args.names] or [*library().values()]))
        return 0
    machine = Machine(args.engine, args.flaw, args.preset or "default")
    try:
        result, found = (_named(args, machine) if args.events is None else
                         _enumerated(args, machine))
    except Unavailable as error:
        raise UsageError(str(error)) from error
    if args.json:
        print_out(json.dumps(as_json(result, found, machine), indent=2) + "\n")
    else:
        for entry in found if args.events is None else ():
            print_out(examined_as_text(entry) + "\n" if args.show else verdict_as_text(entry))
        print_out(campaign_as_text(result, machine, tests=args.events is not None))
    if args.waves is not None:
        _draw(args.waves, found, machine)
    return 1 if result.failed else 0


def _draw(folder: Path, found: Sequence[Examined], machine: Machine) -> None:
    """Write a waveform of each outcome that was seen."""
    for entry in found:
        units = machine.player(len(entry.test.threads))
        assert isinstance(units, UnitPlayer), "golden processors have no signals"
        for number, (outcome, seen) in enumerate(entry.shown.items(), 1):
            place = folder / f"{entry.test.name}-{number}"
            units.draw(entry.test, seen.evictions, seen.first.steps, waveform(place))
            print(f"waveform: {place}: {outcome_text(outcome)}", file=sys.stderr)


def _check_effects(args: argparse.Namespace) -> None:
    """Refuse options that would change nothing, and flaws that a machine cannot have."""
    workers = [name for name in ("jobs", "scheduler") if getattr(args, name) is not None]
    if args.events is not None and args.names:
        raise UsageError("--events is all tests of a size, instead of named ones; leave one out")
    if args.list and (args.events is not None or args.show or args.json or args.flaw
                      or args.preset or args.waves or workers):
        raise UsageError("--list plays nothing: leave all other options out")
    for option in ("show", "waves"):
        if args.events is not None and getattr(args, option):
            raise UsageError(f"--{option} is for named tests; leave --events out")
    if args.events is None and workers:
        raise UsageError(f"--{workers[0]} is for many tests, with --events; leave it out")
    if args.show and args.json:
        raise UsageError("--show is for text: with --json all of it is there; leave it out")
    if args.engine == "golden" and args.preset is not None:
        raise UsageError("--preset is a configuration of the unit, and the engine golden has none; "
                         "leave it out")
    if args.waves is not None:
        if args.engine == "golden":
            raise UsageError("the engine golden has no signals for a waveform; leave --waves out")
        writable_folder(args.waves, option="--waves")
    if args.flaw is not None and args.flaw not in FLAWS_OF[args.engine]:
        has = _named_flaws(args.engine)
        raise UsageError(f'--engine {args.engine} has no flaw "{args.flaw[:40]}"; '
                         + (f"there are: {has}" if has else "take pysim or golden"))
    if args.flaw is not None and args.engine == "pysim":
        if lack := lacked(args.flaw, PRESETS[args.preset or "default"]):
            raise UsageError(f'--flaw: "{args.flaw}" changes nothing in a unit without {lack}; '
                             "take another --preset")


def _named_flaws(engine: str) -> str:
    """Flaws that an engine's machines can have, as they are written in a command."""
    return ", ".join(f'"{flaw}"' for flaw in FLAWS_OF[engine])


def _named(args: argparse.Namespace, machine: Machine) -> tuple[Campaign, list[Examined]]:
    """Play tests by name."""
    tests  = [_found(name) for name in args.names] or [*library().values()]
    result = Campaign()
    found: list[Examined] = []
    with Progress("litmus", unit="tests", total=len(tests)) as progress:
        for test in tests:
            progress.count(len(found))
            found.append(examine(test, machine.player(len(test.threads))))
            result.count(found[-1])
    return result, found


def _enumerated(args: argparse.Namespace, machine: Machine) -> tuple[Campaign, list[Examined]]:
    """Play all tests of a size; return what was found, and the tests that do not hold."""
    with Progress(f"thinking of all tests with {args.events} events") as progress:
        tests = []
        for test in enumerated(args.events):
            tests.append(test)
            progress.show()
    for test in tests[:1]:
        examine(test, machine.player(2))  # compiles the machine, which not every worker need do
    with Progress("litmus", unit="tests", total=len(tests)) as progress, \
            workers_of(args) as pool:
        result = campaign(machine, tests, pool, progress.count)
    return result, result.kept


def _found(name: str) -> LitmusTest:
    """The test of that name, or in that file."""
    if name in library():
        return library()[name]
    if not name.endswith(SUFFIX):
        raise UsageError(f'unknown litmus test "{name[:40]}" (see: dragoncage litmus --list)')
    try:
        with Path(name).open(encoding="utf-8") as file:
            text = file.read(MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UsageError(f"cannot read {name}: {reason}") from error
    if len(text) > MOST_BYTES:
        raise UsageError(f"{name}: a litmus test has at most {MOST_BYTES:,} characters")
    try:
        return parse(text)
    except MalformedTest as error:
        raise UsageError(f"{name}: {error}") from error
