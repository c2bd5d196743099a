"""`dragoncage explore`: search the schedules of a race for its bad outcome."""

import argparse
import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

from sim.errors import Unavailable, Unsuited
from sim.explore.confirm import CONFIRMING, Confirmation, confirm
from sim.explore.machine import RAM
from sim.explore.plan import render
from sim.explore.pool import Pool
from sim.explore.races import RACES
from sim.explore.replay import as_scenario, command
from sim.explore.report import as_json, as_text, steps_as_text
from sim.explore.search import KEPT, Exhaustive, Result, Sampled, Strategy, search
from sim.explore.state import State
from sim.explore.told import Examined, examine, in_operations
from sim.explore.unit import Setting
from sim.golden.stepwise import StepwiseProcessor
from sim.output.files import print_out, written
from sim.output.progress import Progress
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.era import ERAS
from sw.vmlinux import Kernel

from .switches import add_switches, switches_of
from .usage import UsageError, complain, path, seed, whole_number, writable_file
from .workers import add_workers, workers_of


__all__ = ["add", "explore_command"]


#: Schedules that are drawn, if nobody says how many.
DRAWN = 2000

MOST = 1_000_000_000

#: Groups of switches: a race has a machine of its own.
GROUPS = ("kernel", "vm")


def add(commands: Any) -> None:
    """Add the arguments."""
    explore = commands.add_parser("explore", help=explore_command.__doc__,
                                  description=explore_command.__doc__)
    explore.add_argument("race", metavar="RACE", choices=RACES, help=", ".join(RACES))
    explore.add_argument("--strategy", type=_strategy, metavar="STRATEGY",
                         help="exhaustive:K for all schedules with at most K preemptions, pct:D "
                              "for those that PCT draws with depth D, random for a coin at each "
                              "step (default: exhaustive, with as many as the bad outcome needs)")
    explore.add_argument("--era", choices=ERAS, metavar="ERA",
                         help="version of Linux whose rules the kernel has, see `dragoncage list` "
                              "(default: one that has the bad outcome)")
    add_switches(explore, GROUPS)
    explore.add_argument("--sound", action="store_true",
                         help="play the race where the bad outcome cannot be had: in the era that "
                              "mended it, or without the flaw")
    explore.add_argument("--schedules", type=whole_number(1, MOST), metavar="N",
                         help="play at most N schedules, or draw N (default: all there are; draw "
                              f"{DRAWN:,})")
    explore.add_argument("--seed", type=seed, metavar="N",
                         help="with pct:D and random: what schedules are drawn from (default: 0)")
    add_workers(explore)
    explore.add_argument("--state", metavar="FILE", type=path,
                         help="keep what is known in FILE, and go on with what is there")
    explore.add_argument("--save", metavar="FILE.py", type=path,
                         help="write the schedule that was found to FILE.py, a scenario for "
                              "`dragoncage run`")
    explore.add_argument("--confirm", choices=CONFIRMING, metavar="ENGINE",
                         help="play schedules again on the gateware, with the engine "
                              f"{' or '.join(CONFIRMING)}: up to {2 * KEPT}, those with the bad "
                              "outcome first")
    explore.add_argument("--steps", action="store_true", help="print each step of it")
    explore.add_argument("--json", action="store_true", help="print JSON")
    explore.set_defaults(command=explore_command)


def explore_command(args: argparse.Namespace) -> int:
    """Search the schedules of a race for its bad outcome, and say what is known."""
    setting = Setting(args.race, args.sound, args.era or "", switches_of(args, GROUPS))
    try:
        Kernel(PAGING_64, RAM, ERAS[setting.era_name], **setting.switches.kernel())
    except ValueError as error:
        raise UsageError(f"there is no such kernel with --set {setting.switches}: {error}"
                         ) from error
    if args.strategy is None:
        args.strategy = Exhaustive(setting.module.PREEMPTIONS)
    _check_effects(args, setting)
    save    = None if args.save is None else _scenario_file(args.save)
    if args.confirm is not None and setting.variant.processor is not StepwiseProcessor:
        raise UsageError(f"--confirm {args.confirm}: the gateware has not the flaw of this race; "
                         "leave it out, or add --sound")
    if args.state is not None:
        writable_file(args.state, option="--state")
    try:
        with workers_of(args) as pool, closing(State(setting, args.state)) as state:
            result, found = _explored(args, setting, pool, state)
    except (Unavailable, Unsuited) as error:
        raise UsageError(str(error)) from error
    confirmed = None if args.confirm is None else _confirmed(setting, result, args.confirm)
    if args.json:
        print_out(json.dumps(as_json(setting, args.strategy, result, found, confirmed), indent=2)
                  + "\n")
    else:
        print_out(as_text(setting, args.strategy, result, found, confirmed))
        if args.steps and found is not None:
            print_out("\n" + steps_as_text(found))
    if save is not None and _save(setting, save, found) and not args.json:
        print_out(f"\nscenario: {save}; play it by {command(setting, save)}\n")
    agrees = confirmed is None or confirmed.agree == confirmed.schedules
    return 0 if found is None and agrees else 1


def _check_effects(args: argparse.Namespace, setting: Setting) -> None:
    """Refuse options that would change nothing."""
    if args.seed is not None and isinstance(args.strategy, Exhaustive):
        raise UsageError(f"--seed: nothing is drawn with --strategy {args.strategy}; leave it out")
    if args.sound and args.era is not None and not setting.module.FLAWED.flaw:
        raise UsageError(f"--sound is --era {setting.module.SOUND.era} for this race; leave one "
                         "of them out")
    if args.steps and args.json:
        raise UsageError("--steps is for text: with --json all steps are there; leave it out")


def _explored(args: argparse.Namespace, setting: Setting, pool: Pool,
              state: State) -> tuple[Result, Examined | None]:
    """Search, and examine what was found first."""
    schedules = args.schedules
    if schedules is None and isinstance(args.strategy, Sampled):
        schedules = DRAWN
    with Progress(f"{setting.race}, {args.strategy}", unit="schedules",
                  total=schedules) as progress:
        result = search(setting, args.strategy, pool, schedules=schedules, seed=args.seed or 0,
                        state=state, progress=progress.count)
        if result.first is None:
            return result, None
        progress.last_part("making the schedule smaller")
        found, = pool.calls(examine, [(setting, result.first.ending.plan)])
    return result, found


def _confirmed(setting: Setting, result: Result, engine: str) -> Confirmation:
    """Play schedules again on the gateware."""
    plans = in_operations(setting, [*result.kept[True], *result.kept[False]])
    with Progress() as progress:
        progress.last_part(f"playing {len(plans)} schedules on {engine}")
        try:
            confirmation = confirm(setting, plans, engine)
        except Unavailable as error:
            raise UsageError(str(error)) from error
    for plan in confirmation.differ:
        complain(f'the schedule "{render(plan)}" of operations ends otherwise on {engine}')
    return confirmation


def _strategy(text: str) -> Strategy:
    """Read a strategy."""
    found = re.fullmatch(r"(exhaustive|pct):(\d{1,2})|random", text)
    if found is None or found[1] == "pct" and int(found[2]) < 1:
        raise argparse.ArgumentTypeError(
            f'"{text[:40]}" is no strategy: write exhaustive:K, pct:D or random, with a number '
            "such as exhaustive:2")
    if found[1] == "exhaustive":
        return Exhaustive(int(found[2]))
    return Sampled(int(found[2] or 0))


def _scenario_file(file: Path) -> Path:
    if file.suffix != ".py":
        raise UsageError(f"--save {file}: a scenario's file ends in .py; name another one")
    return writable_file(file, option="--save")


def _save(setting: Setting, file: Path, found: Examined | None) -> bool:
    """Write a scenario, or complain; tell whether it is written."""
    if found is None or found.whole is None:
        complain(f"--save {file}: not written, as " + (
            "nothing was found" if found is None else "other engines cannot play this schedule"))
        return False
    with written(file) as [text]:
        text.write(as_scenario(setting, file, found.whole))
    return True
