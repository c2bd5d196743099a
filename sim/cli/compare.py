"""`dragoncage compare`: access vectors on processors of others."""

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from typing import Any

from sim.errors import Unavailable
from sim.oracles import ORACLES, Oracle
from sim.oracles.campaign import Campaign
from sim.oracles.engine import OracleVectors
from sim.oracles.generator import random_vectors
from sim.oracles.report import as_json, as_text
from sim.output.files import STANDARD, output, print_out
from sim.output.progress import Progress
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import MalformedLine
from sim.vectors.run import batches
from sim.vectors.sequence import AnyVector

from .usage import UsageError


__all__ = ["add", "compare_command"]


#: Lines of a file that are read at once.
_BATCH = 256


def add(commands: Any) -> None:
    """Add the arguments."""
    compare = commands.add_parser("compare", help=compare_command.__doc__,
                                  description=compare_command.__doc__)
    compare.add_argument("file", metavar="FILE", nargs="?",
                         help="vectors, one a line; - for standard input")
    compare.add_argument("--with", dest="oracle", choices=ORACLES, required=True,
                         help="the processor of this machine through Linux's KVM, or QEMU's")
    compare.add_argument("--engine", choices=VECTOR_ENGINES, default="golden",
                         help="ours (default: golden)")
    compare.add_argument("--random", metavar="N", type=int,
                         help="N random vectors instead of a file")
    compare.add_argument("--seed", metavar="S", type=int,
                         help="seed of random vectors (default: 1)")
    compare.add_argument("--save", metavar="OUT",
                         help="file for all results, a line of JSON each")
    compare.add_argument("--json", action="store_true", help="print a JSON document")
    compare.set_defaults(command=compare_command)


def compare_command(args: argparse.Namespace) -> int:
    """Run access vectors on ours and on a processor of others, and compare the outcomes."""
    if (args.file is None) == (args.random is None):
        raise UsageError("compare takes a FILE of vectors, or --random N")
    if args.random is not None and args.random < 1:
        raise UsageError("--random takes a number from 1 on")
    if args.seed is not None and args.random is None:
        raise UsageError("--seed is that of --random")
    oracle   = ORACLES[args.oracle]
    guests   = OracleVectors(oracle.start)
    campaign = Campaign()
    try:
        with ExitStack() as stack:
            stack.callback(guests.close)
            results  = stack.enter_context(output(args.save)) if args.save else None
            version  = oracle.version()
            vectors  = _vectors(args, oracle, guests)
            progress = stack.enter_context(Progress(unit="vectors", total=args.random))
            if results is not None:
                results.write(json.dumps({"oracle": args.oracle, "version": version,
                                          "engine": args.engine}) + "\n")
            campaign.run(vectors, VECTOR_ENGINES[args.engine](), args.oracle, guests,
                         progress.count, results)
            modes = {mode.name: width for mode, width in guests.modes.items()}
    except MalformedLine as error:
        name = "standard input" if args.file == STANDARD else args.file
        raise UsageError(f"{name}: {error}") from error
    except Unavailable as error:
        raise UsageError(str(error)) from error
    print_out(json.dumps(as_json(campaign, args.oracle, version, modes)) + "\n" if args.json
              else as_text(campaign, args.oracle, version, modes))
    return 1 if campaign.differed else 0


def _vectors(args: argparse.Namespace, oracle: Oracle,
             guests: OracleVectors) -> Iterator[AnyVector]:
    if args.random is None:
        return chain.from_iterable(batches(args.file, _BATCH))
    seed = 1 if args.seed is None else args.seed
    return islice(random_vectors(seed, guests.modes, keys=oracle.keys), args.random)
