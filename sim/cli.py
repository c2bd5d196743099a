"""The command line: one subcommand, one function.

Exit status: 0 if every claim holds and every vector was done, 1 if one was not or a run came to a
bad end, 2 for a mistake in the command or in a file, 130 for an interrupt.
"""

import argparse
import math
import os
import signal
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from hw.config import MmuConfig
from hw.presets import PRESETS

from .benchmark.measure import measure
from .benchmark.report import as_json as figures_as_json
from .benchmark.report import as_text as figures_as_text
from .engine import Unavailable
from .machine import DEFAULT_ERA, ENGINES, ERAS, MODES, Unsuited, suits
from .progress import MeasuringProgress, RunProgress, VectorProgress
from .report import as_json, as_text, wants_colour
from .scenario import Run, Scenario, discover, load
from .schedule import Schedule, parse, seeded
from .vectors.answer import answer
from .vectors.engines import VECTOR_ENGINES
from .vectors.files import STANDARD, FileTrouble
from .vectors.format import MalformedLine


__all__ = ["main"]


DEFAULT_SCENARIO = "article"

#: Options of `run` that belong to one engine.
ENGINE_OPTIONS: Mapping[str, Sequence[str]] = {}


class UsageError(Exception):
    """The command cannot be done as it was given."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the grammar."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command."""
        raise UsageError(f"{message} (see: {self.prog} --help)")


def run_command(args: argparse.Namespace) -> int:
    """Play scenarios, and judge their claims."""
    todo  = _chosen(args.names)
    for scenario in todo:
        _check_mode(scenario, args.mode)
    waves = _waves_folder(args.waves)
    runs  = []
    for scenario in todo:
        run = _play(scenario, args, waves)
        runs.append(run)
        if not args.json:
            print(as_text(run, colour=wants_colour(sys.stdout)), flush=True)
    if args.json:
        print(as_json(runs), end="")
    return 0 if all(run.holds for run in runs) else 1


def list_command(args: argparse.Namespace) -> int:
    """Say which scenarios there are, and which presets of the unit."""
    print("Scenarios, and their modes:")
    for scenario in discover().values():
        cpus = f", {scenario.cpus} processors" if scenario.cpus > 1 else ""
        print(f"  {scenario.name:10} [{', '.join(scenario.modes)}]{cpus}")
        print(textwrap.indent(textwrap.fill(scenario.title, 74), "      "))
    print("Presets, and what they have:")
    for name, config in PRESETS.items():
        print(textwrap.fill(f"  {name:10} {_in_words(config)}", 80, subsequent_indent=" " * 13))
    return 0


def access_command(args: argparse.Namespace) -> int:
    """Do access vectors: lines of JSON, each a machine's state and one access."""
    progress = VectorProgress()
    try:
        undone = answer(args.file, args.output, VECTOR_ENGINES[args.engine](), progress)
    except MalformedLine as error:
        name = "standard input" if args.file == STANDARD else args.file
        raise UsageError(f"{name}: {error}") from error
    except (FileTrouble, Unavailable) as error:
        raise UsageError(str(error)) from error
    finally:
        progress.clear()
    return 1 if undone else 0


def bench_command(args: argparse.Namespace) -> int:
    """Measure how fast the engines are, on the default configuration."""
    progress = MeasuringProgress()
    try:
        figures = measure(seconds=args.seconds, announce=progress)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    finally:
        progress.clear()
    print(figures_as_json(figures, seconds=args.seconds) if args.json
          else figures_as_text(figures), end="")
    return 0


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    top = Parser(
        prog="dragoncage",
        description="See, cycle by cycle, how far hardware can keep a kernel out of memory.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help=run_command.__doc__, description=run_command.__doc__)
    run.add_argument("names", nargs="*", metavar="NAME", default=[DEFAULT_SCENARIO],
                     help=f'scenarios, or Python files that are one (default: {DEFAULT_SCENARIO})')
    run.add_argument("--mode", choices=MODES,
                     help="paging mode (default: the scenario's first that the unit has)")
    run.add_argument("--preset", choices=PRESETS,
                     help="what the unit can do, see `dragoncage list` (default: default)")
    run.add_argument("--engine", choices=ENGINES, default="pysim",
                     help="what runs the machine (default: pysim)")
    run.add_argument("--era", choices=ERAS, default=DEFAULT_ERA,
                     help=f"kernel versions whose rules hold (default: {DEFAULT_ERA})")
    turns = run.add_mutually_exclusive_group()
    turns.add_argument("--seed", type=_seed, metavar="N",
                       help="with several processors: draw their turns at random, from N")
    turns.add_argument("--schedule", metavar="TURNS",
                       help='... or take these, such as "0:3 1:12": CPU 0 for 3 steps, then CPU 1 '
                            "for 12, then all; --json says which turns a run took")
    run.add_argument("--waves", metavar="DIR", type=Path,
                     help="write a waveform, with views for GTKWave and Surfer, to a folder in DIR")
    run.add_argument("--json", action="store_true", help="print JSON")
    run.set_defaults(command=run_command)

    listing = commands.add_parser("list", help=list_command.__doc__,
                                  description=list_command.__doc__)
    listing.set_defaults(command=list_command)

    access = commands.add_parser("access", help=access_command.__doc__,
                                 description=access_command.__doc__)
    access.add_argument("file", metavar="FILE", help="vectors, one a line; - for standard input")
    access.add_argument("--engine", choices=VECTOR_ENGINES, default="pysim",
                        help="what does them (default: pysim)")
    access.add_argument("-o", dest="output", metavar="OUT", default=STANDARD,
                        help="where their outcomes go (default: -, standard output)")
    access.set_defaults(command=access_command)

    bench = commands.add_parser("bench", help=bench_command.__doc__,
                                description=bench_command.__doc__)
    bench.add_argument("what", choices=("engines",), help="what to measure")
    bench.add_argument("--seconds", type=_positive, default=1.0, metavar="S",
                       help="time for each figure, about (default: 1)")
    bench.add_argument("--json", action="store_true", help="print JSON")
    bench.set_defaults(command=bench_command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Do one command; return the exit status."""
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        args = parser().parse_args(argv)
        status: int = args.command(args)
        sys.stdout.flush()
    except UsageError as error:
        print(f"dragoncage: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dragoncage: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever reads our output has had enough; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    finally:
        signal.signal(signal.SIGTERM, before)
    return status


def _positive(text: str) -> float:
    """A number of seconds on the command line."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number above 0')
    return number


def _terminate(number: int, frame: object) -> NoReturn:
    """End as an interrupt does, so that nothing half-written is left."""
    raise SystemExit(128 + number)


def _chosen(names: Sequence[str]) -> list[Scenario]:
    known = discover()
    found = []
    for name in names:
        if name in known:
            found.append(known[name])
        elif name.endswith(".py"):
            try:
                found.append(load(Path(name)))
            except Exception as error:  # the file may raise whatever it likes
                raise UsageError(
                    f"cannot load {name}: {type(error).__name__}: {error}") from error
        else:
            raise UsageError(f'unknown scenario "{name}"; there are: '
                             f"{', '.join(known) or 'none'} (see: dragoncage list)")
    return found


def _in_words(config: MmuConfig) -> str:
    modes    = ", ".join(mode for mode in MODES if suits(config, mode))
    features = [feature.name for feature in fields(config)
                if feature.type is bool and getattr(config, feature.name)]
    return (f"[{modes}] {config.maxphyaddr} physical address bits, "
            f"{config.tlb_entries} TLB entries; {', '.join(features) or 'nothing more'}")


def _check_mode(scenario: Scenario, mode: str | None) -> None:
    if mode is not None and mode not in scenario.modes:
        raise UsageError(f'scenario "{scenario.name}" has no mode {mode}; '
                         f"use --mode {' or '.join(scenario.modes)}")


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """What the chosen engine wants to know besides."""
    given = {name: getattr(args, name) for names in ENGINE_OPTIONS.values() for name in names
             if getattr(args, name) is not None}
    for name in given:
        if name not in ENGINE_OPTIONS.get(args.engine, ()):
            raise UsageError(f"--{name} means nothing to the engine {args.engine}; leave it out")
    return given


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 0 on')
    return int(text)


def _schedule(scenario: Scenario, args: argparse.Namespace) -> Schedule | None:
    """The turns that the command asks for, if it does."""
    if args.seed is None and args.schedule is None:
        return None
    if scenario.cpus == 1:
        raise UsageError(f'scenario "{scenario.name}" has one processor: there is nothing to '
                         "schedule; leave --seed and --schedule out")
    if args.seed is not None:
        return Schedule(seeded(args.seed, scenario.cpus))
    try:
        return Schedule(parse(args.schedule, scenario.cpus))
    except ValueError as error:
        raise UsageError(f"--schedule: {error}") from error


def _waves_folder(folder: Path | None) -> Path | None:
    """``folder``, if files can be written there; it need not exist yet."""
    if folder is None:
        return None
    if folder == Path():
        raise UsageError("--waves needs the name of a folder; for this one, ./waves")
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise UsageError(f"--waves {folder}: {nearest} is not a folder; name one, or a new one")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"--waves {folder}: {nearest} cannot be written to; name another folder")
    return folder


def _play(scenario: Scenario, args: argparse.Namespace, waves: Path | None) -> Run:
    progress = RunProgress()
    try:
        run = scenario.perform(mode=args.mode, engine=args.engine, era=args.era,
                               config=None if args.preset is None else PRESETS[args.preset],
                               options=_options(args), schedule=_schedule(scenario, args),
                               waves=waves, announce=progress.announce, progress=progress)
    except Unsuited as error:
        raise UsageError(f'scenario "{scenario.name}": {error}; '
                         "choose another --preset or --mode") from error
    except Unavailable as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        if waves is None:
            raise
        raise UsageError(f"--waves {waves}: {error}; name another folder") from error
    finally:
        progress.clear()
    if run.waves is not None:
        print(f"waveform: {run.waves}", file=sys.stderr)
    return run
