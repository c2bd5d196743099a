"""`dragoncage mutate`: small changes that the checks of the project must notice."""

import argparse
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sim.errors import Unavailable
from sim.output.files import print_out
from sim.output.progress import Progress

from .usage import UsageError, path, whole_number, writable_file
from .workers import add_workers, workers_of

if TYPE_CHECKING:
    from sim.mutation.mutant import Draw, Mutant
    from sim.mutation.parts import Part
    from sim.mutation.report import Report


__all__ = ["add", "mutate_command"]


#: Mutants of a draw if nobody says how many, and most of one.
DEFAULT, MOST = 100, 4095


def add(commands: Any) -> None:
    """Add the arguments."""
    mutate = commands.add_parser("mutate", help=mutate_command.__doc__,
                                 description=mutate_command.__doc__)
    mutate.add_argument("part", choices=("hw", "sw"),
                        help="the unit, or the kernel")
    mutate.add_argument("--mutants", type=whole_number(1, MOST), default=DEFAULT, metavar="N",
                        help=f"how many are drawn (default: {DEFAULT})")
    mutate.add_argument("--seed", type=whole_number(0, (1 << 31) - 1), default=1, metavar="S",
                        help="the seed that they are drawn from (default: 1)")
    mutate.add_argument("--only", type=whole_number(1, MOST), metavar="NUMBER",
                        help="only this one of them")
    mutate.add_argument("--checks", metavar="NAMES",
                        help="checks that are done, with commas between them: of hw vectors, "
                             "sequences, cycles, regression, tests, proof; of sw scripts, tests "
                             "(default: all)")
    add_workers(mutate)
    mutate.add_argument("--resume", metavar="FILE", type=path,
                        help="keep results in FILE, and go on with what is there")
    mutate.add_argument("--json", action="store_true", help="print JSON")
    mutate.set_defaults(command=mutate_command)


def mutate_command(args: argparse.Namespace) -> int:
    """Change the unit or the kernel in many small ways, and see whether a check notices each."""
    from sim.mutation.mutant import Draw
    from sim.mutation.parts import PARTS

    part   = PARTS[args.part]
    checks = _checks(args, list(part.checks))
    if args.only is not None and args.only > args.mutants:
        raise UsageError(f"--only {args.only}: {args.mutants} mutants are drawn; say --mutants too")
    if args.scheduler is not None and "tests" in checks:
        raise UsageError("--scheduler: tests are played by processes of this machine; say "
                         "--jobs, or leave tests out of --checks")
    if args.resume is not None:
        writable_file(args.resume, option="--resume")
    try:
        report = _tried(args, part, Draw(args.mutants, args.seed), checks)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    print_out(json.dumps(report.as_json(), indent=2) + "\n" if args.json else report.as_text())
    return 1 if report.survivors else 0


def _tried(args: argparse.Namespace, part: "Part", draw: "Draw", checks: list[str]) -> "Report":
    """Try the mutants that were asked for."""
    from sim.mutation.report import Report
    from sim.mutation.run import Known, tried

    drawn = part.mutants(draw)
    if args.only is not None and args.only > len(drawn):
        raise UsageError(f"--only {args.only}: there are {len(drawn)} mutants of {args.part}")
    mutants: list[Mutant] = [mutant for mutant in drawn if args.only in (None, mutant.number)]
    part.prepare(draw)
    header = {"part": args.part, "mutants": draw.count, "seed": draw.seed,
              "digest": part.digest()}
    with closing(Known(header, args.resume)) as known, workers_of(args) as pool, \
            Progress("mutants") as progress:
        results = tried([mutant.number for mutant in mutants],
                        {name: part.checks[name] for name in checks}, draw, pool, known,
                        lambda check, left: progress.part(f"{check}, {left} mutants left"),
                        progress.show)
    return Report(args.part, draw, mutants, results, checks)


def _checks(args: argparse.Namespace, every: list[str]) -> list[str]:
    """The checks that were asked for, in the order in which they are done."""
    wanted = every if args.checks is None else args.checks.split(",")
    for name in wanted:
        if name not in every:
            raise UsageError(f'--checks: "{name[:40]}" is no check of {args.part}; there are '
                             f'{", ".join(every)}')
    return [name for name in every if name in wanted]
