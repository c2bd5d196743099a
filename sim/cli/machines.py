"""`dragoncage machines`: compile machines for computers without a compiler."""

import argparse
import sys
from typing import Any

from hw.presets import PRESETS
from sim.engines.cxxrtl import prebuilt
from sim.engines.cxxrtl.machines import fill
from sim.engines.cxxrtl.platforms import NATIVE
from sim.errors import Unavailable
from sim.output.files import FileTrouble, print_out
from sim.scenarios import SCENARIOS

from .usage import UsageError, path, whole_number, writable_folder


__all__ = ["add", "machines_command"]


#: Processors of the machines that our scenarios are played on.
CPUS = sorted({scenario.cpus for scenario in SCENARIOS.values()})

#: Most processors that a machine may have.
MOST = 32


def add(commands: Any) -> None:
    """Add the arguments."""
    machines = commands.add_parser("machines", help=machines_command.__doc__,
                                   description=machines_command.__doc__)
    machines.add_argument("folder", metavar="DIR", type=path,
                          help=f"folder for them, to be named by {prebuilt.VARIABLE} where they "
                               "are used")
    machines.add_argument("--preset", nargs="+", choices=PRESETS, default=list(PRESETS),
                          help="configurations of the unit (default: all)")
    machines.add_argument("--cpus", nargs="+", type=whole_number(1, MOST), metavar="N",
                          default=CPUS,
                          help="numbers of processors (default: those that scenarios have: "
                               f"{', '.join(map(str, CPUS))})")
    machines.set_defaults(command=machines_command)


def machines_command(args: argparse.Namespace) -> int:
    """Compile machines of the engine cxxrtl, for computers without a compiler."""
    folder = writable_folder(args.folder, option="DIR")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = fill(folder, NATIVE, presets=args.preset, cpus=args.cpus,
                    announce=lambda name: print(name, file=sys.stderr, flush=True))
    except Unavailable as error:
        raise UsageError(str(error)) from error
    except (FileTrouble, OSError) as error:
        raise UsageError(f"DIR {folder}: {error}; name another folder") from error
    print_out(f"machines: {len(made)}, in {folder}; use them by "
              f"{prebuilt.VARIABLE}={folder.resolve()}\n")
    return 0
