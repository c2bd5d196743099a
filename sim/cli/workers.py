"""Options of work that several do: processes here, or the workers of a cluster."""

import argparse
import os
from contextlib import AbstractContextManager
from typing import Any

from sim.explore.pool import Pool, cluster, processes

from .usage import whole_number


__all__ = ["add_workers", "workers_of"]


def add_workers(command: Any) -> None:
    """Add ``--jobs`` and ``--scheduler``."""
    workers = command.add_mutually_exclusive_group()
    workers.add_argument("--jobs", type=whole_number(1, 1024), metavar="N",
                         help="processes that work (default: one for each of this computer's)")
    workers.add_argument("--scheduler", metavar="ADDRESS",
                         help="have the workers of a Dask cluster work, whose scheduler is at "
                              "ADDRESS, such as tcp://10.0.0.1:8786")


def workers_of(args: argparse.Namespace) -> AbstractContextManager[Pool]:
    """Return the workers that were asked for."""
    if args.scheduler is not None:
        return cluster(args.scheduler)
    return processes(args.jobs or len(os.sched_getaffinity(0)))
