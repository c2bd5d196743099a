"""`dragoncage run`: play scenarios."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from sim.machine import ENGINES
from sim.output.files import FileTrouble, print_out
from sim.page.html import Page
from sim.perfetto.export import PerfettoExport
from sim.perfetto.link import link
from sim.scenario.export import Export
from sim.scenario.json import as_json
from sim.scenario.mistakes import Mistake, ScenarioError
from sim.scenario.run import Run
from sim.scenario.runner import perform
from sim.scenario.scenario import LIMIT, Scenario
from sim.toolchain.simulators import SIMULATORS

from .again import DEFAULT_ENGINE, WalkCommand
from .choice import (
    DEFAULT_SCENARIO, add_machine, as_words, chosen, machine_choice, refusals_in_one_line,
)
from .telling import Telling
from .usage import MISTAKE, UsageError, complain, path, whole_number, writable_file, writable_folder


__all__ = ["add", "run_command"]


#: Most cycles that a run may be given.
MOST = 1_000_000_000_000

#: Options that belong to one engine.
ENGINE_OPTIONS: Mapping[str, Sequence[str]] = {"serial": ("port",), "cocotb": ("simulator",)}

#: Options for a file that is made of a run, and why each takes one scenario.
EXPORTS: Mapping[str, tuple[Callable[[Path, WalkCommand], Export], str]] = {
    "report":   (Page, "a page shows one run"),
    "perfetto": (lambda file, walk: PerfettoExport(file), "the file has one axis of time"),
}


def add(commands: Any) -> None:
    """Add the arguments."""
    run = commands.add_parser("run", help=run_command.__doc__, description=run_command.__doc__)
    run.add_argument("names", nargs="*", metavar="NAME", default=[DEFAULT_SCENARIO],
                     help=f"scenarios, or Python files with one each (default: {DEFAULT_SCENARIO})")
    add_machine(run)
    run.add_argument("--engine", choices=ENGINES, default=DEFAULT_ENGINE,
                     help=f"engine that runs the machine (default: {DEFAULT_ENGINE})")
    run.add_argument("--simulator", choices=SIMULATORS,
                     help="with --engine cocotb: the simulator of Verilog (default: verilator)")
    run.add_argument("--port", metavar="DEVICE",
                     help="with --engine serial: the board's serial port, such as /dev/ttyUSB1")
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
    run.add_argument("--report", metavar="FILE", type=path,
                     help="write a page that shows one scenario, to FILE, for a browser")
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
    todo  = [(name, chosen(name, args.mode)) for name in args.names]
    waves, exports = _waves_folder(args), _exports(args)
    for name, scenario in todo:
        runs.append(_play(name, scenario, args, waves, exports))


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Options for the chosen engine alone."""
    given = {name: getattr(args, name) for names in ENGINE_OPTIONS.values() for name in names
             if getattr(args, name) is not None}
    for name in given:
        if name not in ENGINE_OPTIONS.get(args.engine, ()):
            raise UsageError(f"the engine {args.engine} has no option --{name}; leave it out")
    return given


def _cycle(text: str) -> int:
    """Read a cycle, or the word for the first."""
    if text == "boot":
        return 0
    try:
        return whole_number(0, MOST)(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f'"{text[:40]}" is neither a cycle nor boot') from None


def _waves_folder(args: argparse.Namespace) -> Path | None:
    folder: Path | None = args.waves
    if folder is None and args.waves_from is not None:
        raise UsageError("--from says where a waveform begins, and needs --waves")
    if folder == Path():
        raise UsageError("--waves needs a folder to write to, such as ./waves")
    return None if folder is None else writable_folder(folder, option="--waves")


def _exports(args: argparse.Namespace) -> list[Export]:
    """Files that are made of a run when it is over."""
    found: list[Export] = []
    for option, (export, reason) in EXPORTS.items():
        file = getattr(args, option)
        if file is not None and len(args.names) > 1:
            raise UsageError(f"--{option} takes one scenario, for {reason}")
        if file is not None:
            walk = WalkCommand(as_words(args.names[0], args), args.engine)
            found.append(export(writable_file(file, option=f"--{option}"), walk))
    if args.report is not None and args.report == args.perfetto:
        raise UsageError(f"--report and --perfetto {args.report}: two files need two names")
    return found


def _play(name: str, scenario: Scenario, args: argparse.Namespace, waves: Path | None,
          exports: Sequence[Export]) -> Run:
    """Play a scenario, and print each part of the report when it is known."""
    telling = Telling(name, scenario, args)
    try:
        with telling, refusals_in_one_line(scenario):
            run = perform(scenario, **machine_choice(scenario, args, **_options(args)),
                          limit=args.limit, waves=waves, waves_from=args.waves_from,
                          exports=exports, listener=telling)
    except FileTrouble as error:
        if error is telling.untold:
            raise
        raise UsageError(f"--waves {waves}: {error}; name another folder") from error
    telling.end(run)
    if run.waves is not None:
        print(f"waveform: {run.waves}", file=sys.stderr)
    if args.report is not None and "report" not in run.unwritten:
        print(f"page: {args.report}; open it in a browser", file=sys.stderr)
    if args.perfetto is not None and "perfetto" not in run.unwritten:
        print(f"trace: {args.perfetto}; open it at {link(run)}", file=sys.stderr)
    return run
