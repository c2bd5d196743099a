"""`dragoncage run`: play scenarios."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from hw.presets import PRESETS
from sim.errors import Unavailable, Unsuited
from sim.machine import ENGINES
from sim.output.files import FileTrouble, print_out
from sim.output.progress import Progress
from sim.perfetto.export import PerfettoExport
from sim.scenario.export import Export
from sim.scenario.mistakes import Mistake, ScenarioError
from sim.scenario.report import as_json, as_text, wants_colour
from sim.scenario.run import Run
from sim.scenario.runner import perform
from sim.scenario.scenario import LIMIT, Scenario
from sim.schedule import Schedule, parse, seeded
from sim.toolchain.simulators import SIMULATORS

from .choice import DEFAULT_SCENARIO, add_machine, chosen
from .usage import UsageError, complain, path, seed, whole_number, writable_file, writable_folder

__all__ = ["add", "run_command"]


#: Exit status for a mistake in a scenario.
MISTAKE = 3

#: Most cycles that a run may be given.
MOST = 1_000_000_000_000

#: Options that belong to one engine.
ENGINE_OPTIONS: Mapping[str, Sequence[str]] = {"serial": ("port",), "cocotb": ("simulator",)}


def add(commands: Any) -> None:
    """Add the arguments."""
    run = commands.add_parser("run", help=run_command.__doc__, description=run_command.__doc__)
    run.add_argument("names", nargs="*", metavar="NAME", default=[DEFAULT_SCENARIO],
                     help=f"scenarios, or Python files with one each (default: {DEFAULT_SCENARIO})")
    add_machine(run)
    run.add_argument("--engine", choices=ENGINES, default="pysim",
                     help="engine that runs the machine (default: pysim)")
    run.add_argument("--simulator", choices=SIMULATORS,
                     help="with --engine cocotb: the simulator of Verilog (default: verilator)")
    run.add_argument("--port", metavar="DEVICE",
                     help="with --engine serial: the board's serial port, such as /dev/ttyUSB1")
    slices = run.add_mutually_exclusive_group()
    slices.add_argument("--seed", type=seed, metavar="N",
                       help="with several processors: random time slices, from the seed N")
    slices.add_argument("--schedule", metavar="SLICES",
                       help='with several processors: these time slices, such as "0:3 1:12": CPU 0 '
                            "for 3 steps, CPU 1 for 12, then all at once; --json reports the "
                            "slices of a run")
    run.add_argument("--limit", type=whole_number(1, MOST), metavar="CYCLES",
                     help="end a run that is not over after so many cycles (default: the "
                          f"scenario's own CYCLES, or {LIMIT:,})")
    run.add_argument("--waves", metavar="DIR", type=path,
                     help="write a waveform, with views for GTKWave and Surfer, to a folder in DIR")
    run.add_argument("--from", dest="waves_from", metavar="CYCLE|boot", type=_cycle,
                     help="with --waves: cycle in which the waveform begins, or boot for the first "
                          "(default: the cycle of the first act)")
    run.add_argument("--perfetto", metavar="FILE", type=path,
                     help="write all that happened, in one scenario, to FILE, for the viewer at "
                          "https://ui.perfetto.dev")
    run.add_argument("--json", action="store_true", help="print JSON")
    run.set_defaults(command=run_command)


def run_command(args: argparse.Namespace) -> int:
    """Play scenarios, and judge their claims."""
    runs: list[Run] = []
    mistakes: list[Mistake] = []
    try:
        # The output of a scenario is no part of the document.
        with redirect_stdout(sys.stderr) if args.json else nullcontext():
            _play_all(args, runs)
    except ScenarioError as error:
        mistakes.append(error.mistake)
    finally:
        # Runs before one that cannot be played, or before an interrupt, are reported too.
        if args.json and (runs or mistakes):
            print_out(as_json(runs, mistakes))
    unwritten = [item for run in runs for item in run.unwritten.items()]
    for option, reason in unwritten:
        complain(f"--{option} {getattr(args, option)}: {reason}")
    for mistake in mistakes:
        complain(f"the scenario has a mistake: {mistake}")
    if mistakes or any(run.mistake for run in runs):
        return MISTAKE
    if unwritten:
        return 2
    return 0 if all(run.holds for run in runs) else 1


def _play_all(args: argparse.Namespace, runs: list[Run]) -> None:
    """Play all scenarios of the command, and add to ``runs``. Raises :class:`ScenarioError`."""
    todo  = [chosen(name, args.mode) for name in args.names]
    waves, exports = _waves_folder(args.waves), _exports(args)
    if waves is None and args.waves_from is not None:
        raise UsageError("--from says where a waveform begins, and needs --waves")
    for scenario in todo:
        run = _play(scenario, args, waves, exports)
        runs.append(run)
        if not args.json:
            print_out(as_text(run, colour=wants_colour(sys.stdout)) + "\n")


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Options for the chosen engine alone."""
    given = {name: getattr(args, name) for names in ENGINE_OPTIONS.values() for name in names
             if getattr(args, name) is not None}
    for name in given:
        if name not in ENGINE_OPTIONS.get(args.engine, ()):
            raise UsageError(f"the engine {args.engine} has no option --{name}; leave it out")
    return given


def _schedule(scenario: Scenario, args: argparse.Namespace) -> Schedule | None:
    """The time slices that the command gives, if any."""
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


def _cycle(text: str) -> int:
    """Read a cycle, or the word for the first."""
    if text == "boot":
        return 0
    try:
        return whole_number(0, MOST)(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f'"{text[:40]}" is neither a cycle nor boot') from None


def _waves_folder(folder: Path | None) -> Path | None:
    if folder == Path():
        raise UsageError("--waves needs a folder to write to, such as ./waves")
    return None if folder is None else writable_folder(folder, option="--waves")


def _exports(args: argparse.Namespace) -> list[Export]:
    """Files that are made of a run when it is over."""
    if args.perfetto is None:
        return []
    if len(args.names) > 1:
        raise UsageError("--perfetto takes one scenario, for the file has one axis of time")
    return [PerfettoExport(writable_file(args.perfetto, option="--perfetto"))]


def _play(scenario: Scenario, args: argparse.Namespace, waves: Path | None,
          exports: Sequence[Export]) -> Run:
    try:
        with Progress("boot", unit="cycles") as progress:
            run = perform(scenario, mode=args.mode, engine=args.engine, era=args.era,
                          config=None if args.preset is None else PRESETS[args.preset],
                          options=_options(args), schedule=_schedule(scenario, args),
                          limit=args.limit, waves=waves, waves_from=args.waves_from,
                          announce=progress.part,
                          progress=progress.count, exports=exports)
    except Unsuited as error:
        raise UsageError(f'scenario "{scenario.name}": {error}') from error
    except Unavailable as error:
        raise UsageError(str(error)) from error
    except FileTrouble as error:
        raise UsageError(f"--waves {waves}: {error}; name another folder") from error
    if run.waves is not None:
        print(f"waveform: {run.waves}", file=sys.stderr)
    if args.perfetto is not None and "perfetto" not in run.unwritten:
        print(f"trace: {args.perfetto}; open it in https://ui.perfetto.dev, where the cycle of a "
              "claim is its time in nanoseconds", file=sys.stderr)
    return run
