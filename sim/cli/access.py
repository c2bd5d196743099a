"""`dragoncage access`: run access vectors."""

import argparse
from typing import Any

from sim.errors import Unavailable
from sim.output.files import STANDARD
from sim.output.progress import Progress
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import MalformedLine
from sim.vectors.run import run

from .usage import UsageError


__all__ = ["access_command", "add"]


def add(commands: Any) -> None:
    """Add the arguments."""
    access = commands.add_parser("access", help=access_command.__doc__,
                                 description=access_command.__doc__)
    access.add_argument("file", metavar="FILE", help="vectors, one a line; - for standard input")
    access.add_argument("--engine", choices=VECTOR_ENGINES, default="pysim",
                        help="engine that runs them (default: pysim)")
    access.add_argument("-o", dest="output", metavar="OUT", default=STANDARD,
                        help="file for the outcomes (default: -, standard output)")
    access.add_argument("--allowed", action="store_true",
                        help="each access of a line of version 2 also has all outcomes that the "
                             "manual permits, by the golden model")
    access.set_defaults(command=access_command)


def access_command(args: argparse.Namespace) -> int:
    """Run access vectors: lines of JSON, each a machine's state, and an access or more on it."""
    try:
        with Progress(unit="vectors") as progress:
            failed = run(args.file, args.output, VECTOR_ENGINES[args.engine](), progress.count,
                         allowed=args.allowed)
    except MalformedLine as error:
        name = "standard input" if args.file == STANDARD else args.file
        raise UsageError(f"{name}: {error}") from error
    except Unavailable as error:
        raise UsageError(str(error)) from error
    return 1 if failed else 0
