"""A moment of a run: played up to it, so that all is as it was then, and looked at."""

import argparse
import io
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TypeVar

from sim.output.progress import Progress
from sim.scenario.run import Run
from sim.scenario.scenario import Scenario
from sim.scenario.stage import Stage

from .choice import as_words, chosen, cpus_of, machine_choice, refusals_in_one_line
from .duration import Duration
from .usage import MISTAKE, UsageError, complain, whole_number
from .watching import Watching


__all__ = ["seen"]


SeenT = TypeVar("SeenT")


def seen(args: argparse.Namespace, look: Callable[[Stage, int], SeenT]) -> tuple[int, SeenT]:
    """Play to the moment that the command names; return the exit status, and what is seen.

    ``look`` is called with the stage and the cycle. A run that comes to a bad end before is told,
    and looked at all the same.
    """
    scenario = chosen(args.name, args.mode)
    choice   = machine_choice(scenario, args)
    cpus     = cpus_of(scenario, choice["switches"])
    if args.cpu >= cpus:
        raise UsageError(f'--cpu {args.cpu}: scenario "{scenario.name}" has processors 0 to '
                         f"{cpus - 1}")
    cycle = None
    if args.at is not None and args.at.isdecimal():
        cycle = _number(args.at, sys.maxsize)
    elif args.at is not None:
        cycle = _claimed(args.at, _played(scenario, args, lambda stage: None))
    found: list[SeenT] = []
    run = _played(scenario, args, lambda stage: found.append(
        look(stage, min(cycle, stage.trace.cycles) if cycle is not None
             else stage.trace.cycles)), cycle)
    if cycle is not None and run.cycles > cycle:
        return 0, found[0]  # That the run was ended there is no bad end.
    if cycle is not None:
        _number(args.at, run.cycles)
    if run.mistake is not None:
        complain(f"the scenario has a mistake: {run.mistake}")
    if run.failure is not None:
        complain(f"the run stopped: {run.failure.reason}")
    return MISTAKE if run.mistake is not None else int(run.failure is not None), found[0]


def _played(scenario: Scenario, args: argparse.Namespace, ended: Callable[[Stage], None],
            last: int | None = None) -> Run:
    """Play, to the cycle ``last`` if there is one. What the scenario prints is not shown."""
    duration = Duration(scenario, f"{as_words(args.name, args)} {args.engine}")
    progress = Progress("boot", unit="cycles",
                        total=duration.cycles if last is None else last + 1)
    with progress, refusals_in_one_line(scenario), redirect_stdout(io.StringIO()):
        run = scenario.perform(**machine_choice(scenario, args),
                               limit=None if last is None else last + 1,
                               listener=Watching(progress), ended=ended)
    if last is None:
        duration.keep(run)
    return run


def _number(text: str, most: int) -> int:
    """The cycle that ``--at`` gives as a number. Raises :class:`UsageError`."""
    try:
        return whole_number(0, most)(text)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"--at: {error}: the run ends there") from error


def _claimed(text: str, run: Run) -> int:
    """The cycle of the claim that ``--at`` names. Raises :class:`UsageError`."""
    cycles = list(dict.fromkeys(
        act.place(claim) for number, act in enumerate(run.acts, 1)
        for place, claim in enumerate(act.claims, 1)
        if _plain(text) in _plain(claim.text) or text == f"{number}.{place}"))
    if not cycles:
        raise UsageError(f'--at: "{text}" is neither a cycle nor in a claim of the run (see: '
                         "dragoncage run)")
    if len(cycles) > 1:
        raise UsageError(f'--at: "{text}" is in several claims; choose one of their cycles: '
                         f"{', '.join(map(str, cycles))}")
    return cycles[0]


def _plain(text: str) -> str:
    """A text in which neither blanks nor capitals make a difference."""
    return " ".join(text.lower().split())
