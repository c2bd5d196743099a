"""`dragoncage bench`: measure the speed of the engines."""

import argparse
from typing import Any

from sim.benchmark.measure import measure
from sim.benchmark.report import as_json, as_text
from sim.errors import Unavailable
from sim.output.files import print_out
from sim.output.progress import Progress

from .usage import UsageError, positive


__all__ = ["add", "bench_command"]


def add(commands: Any) -> None:
    """Add the arguments."""
    bench = commands.add_parser("bench", help=bench_command.__doc__,
                                description=bench_command.__doc__)
    bench.add_argument("what", choices=("engines",), help="what to measure")
    bench.add_argument("--seconds", type=positive, default=1.0, metavar="S",
                       help="time for each figure, roughly (default: 1)")
    bench.add_argument("--json", action="store_true", help="print JSON")
    bench.set_defaults(command=bench_command)


def bench_command(args: argparse.Namespace) -> int:
    """Measure the speed of the engines, with the default configuration of the unit."""
    try:
        with Progress() as progress:
            figures = measure(seconds=args.seconds,
                              announce=lambda what: progress.part(f"measuring {what}"))
    except Unavailable as error:
        raise UsageError(str(error)) from error
    print_out(as_json(figures, seconds=args.seconds) if args.json else as_text(figures))
    return 0
