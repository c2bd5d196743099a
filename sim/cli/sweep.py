"""`dragoncage sweep`: every combination of the bits that decide an access."""

import argparse
import json
import re
import time
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sim.errors import Unavailable
from sim.output.files import print_out
from sim.output.progress import Progress

from .usage import UsageError, path, writable_file
from .workers import add_workers, workers_of

if TYPE_CHECKING:
    from sim.sweep.report import Found
    from sim.sweep.run import Result


__all__ = ["add", "sweep_command"]


#: Cases of a sweep if nobody says how many: a fair sample of all.
DEFAULT = 40 << 19

MOST = 1 << 20  # parts


def add(commands: Any) -> None:
    """Add the arguments."""
    sweep = commands.add_parser("sweep", help=sweep_command.__doc__,
                                description=sweep_command.__doc__)
    which = sweep.add_mutually_exclusive_group()
    which.add_argument("--full", action="store_true", help="all cases there are")
    which.add_argument("--part", type=_part, metavar="I/N",
                       help="part I of N equal ones of all, counted from 1")
    which.add_argument("--cases", type=_range, metavar="A..B",
                       help=f"cases number A to before B (default: 0..{DEFAULT}, which has of "
                            "every kind of case)")
    add_workers(sweep)
    sweep.add_argument("--resume", metavar="FILE", type=path,
                       help="keep results in FILE, and go on with what is there")
    sweep.add_argument("--json", action="store_true", help="print JSON")
    sweep.set_defaults(command=sweep_command)


def sweep_command(args: argparse.Namespace) -> int:
    """Compare the unit with the manual's rules in every combination of the bits they name."""
    if find_spec("numpy") is None:
        raise UsageError("a sweep needs NumPy: pip install 'dragoncage[sweep]'")
    from sim.sweep.report import as_json, as_text
    if args.resume is not None:
        writable_file(args.resume, option="--resume")
    begun = time.monotonic()
    try:
        result, found = _swept(args)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    if args.json:
        print_out(json.dumps(as_json(result, found), indent=2) + "\n")
    else:
        print_out(as_text(result, found, time.monotonic() - begun))
    return 1 if result.differences or result.wrong else 0


def _swept(args: argparse.Namespace) -> "tuple[Result, Found | None]":
    """Sweep, and make the first difference smaller."""
    from sim.sweep.block import block
    from sim.sweep.report import Found
    from sim.sweep.run import sweep
    from sim.sweep.smallest import smallest
    from sim.sweep.state import State
    from sim.sweep.unit import digest, unit

    first, stop = _cases(args)
    units = unit()
    with closing(State(first, stop, digest(), args.resume)) as state, workers_of(args) as pool, \
            Progress("sweep", unit="cases", total=stop - first) as progress:
        result = sweep(first, stop, pool, state, progress.count)
        if result.difference is None:
            return result, None
        progress.last_part("making the difference smaller")
        found = smallest(units, result.difference)
    return result, Found(found, block(units, found.case.space, found.case.block).expected)


def _cases(args: argparse.Namespace) -> tuple[int, int]:
    """The first case, and that after the last."""
    from sim.sweep.spaces import CASES

    if args.full:
        return 0, CASES
    if args.part is not None:
        index, count = args.part
        return CASES * (index - 1) // count, CASES * index // count
    first, stop = args.cases or (0, DEFAULT)
    if stop > CASES:
        raise UsageError(f"--cases {first}..{stop}: there are {CASES} cases; end there")
    return first, stop


def _part(text: str) -> tuple[int, int]:
    """Read a part."""
    found = re.fullmatch(r"(\d{1,7})/(\d{1,7})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]) <= MOST:
        raise argparse.ArgumentTypeError(f'"{text[:40]}" is no part: write I/N, such as 1/4')
    return int(found[1]), int(found[2])


def _range(text: str) -> tuple[int, int]:
    """Read a range of cases."""
    found = re.fullmatch(r"(\d{1,15})\.\.(\d{1,15})", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise argparse.ArgumentTypeError(
            f'"{text[:40]}" is no range of cases: write A..B, such as 0..1000000')
    return int(found[1]), int(found[2])
