"""`dragoncage bench`: measure the speed of the engines, and the unit as hardware."""

import argparse
from typing import Any

from hw.presets import PRESETS
from sim.benchmark.hardware.document import as_json as hardware_as_json
from sim.benchmark.hardware.measure import measure as measure_hardware
from sim.benchmark.hardware.tables import as_text as hardware_as_text
from sim.benchmark.hardware.targets import TARGETS
from sim.benchmark.measure import measure
from sim.benchmark.report import as_json, as_text
from sim.errors import Unavailable
from sim.output.files import print_out
from sim.output.progress import Progress

from .usage import UsageError, positive, whole_number


__all__ = ["add", "engines_command", "hardware_command"]


#: Seeds of place and route, and the most that one may ask for.
SEEDS, MOST = 3, 100


def add(commands: Any) -> None:
    """Add the arguments."""
    about = "Measure the speed of the engines, or the unit as hardware."
    bench = commands.add_parser("bench", help=about, description=about)
    whats = bench.add_subparsers(dest="what", required=True)
    engines = whats.add_parser("engines", help=engines_command.__doc__,
                               description=engines_command.__doc__)
    engines.add_argument("--seconds", type=positive, default=1.0, metavar="S",
                         help="time for each figure, roughly (default: 1)")
    engines.set_defaults(command=engines_command)
    hardware = whats.add_parser("hardware", help=hardware_command.__doc__,
                                description=hardware_command.__doc__)
    hardware.add_argument("presets", nargs="*", metavar="PRESET", type=_preset,
                          help=f"configurations of the unit: {', '.join(PRESETS)} (default: all)")
    hardware.add_argument("--target", dest="targets", action="append", choices=TARGETS,
                          help="FPGA to measure on; may be given again (default: all)")
    hardware.add_argument("--seeds", type=whole_number(1, MOST), default=SEEDS, metavar="N",
                          help="how many seeds of place and route to try, whose median counts "
                               f"(default: {SEEDS})")
    hardware.set_defaults(command=hardware_command)
    for what in (engines, hardware):
        what.add_argument("--json", action="store_true", help="print JSON")


def _preset(text: str) -> str:
    if text not in PRESETS:
        raise argparse.ArgumentTypeError(
            f'unknown preset "{text}"; there are: {", ".join(PRESETS)}')
    return text


def engines_command(args: argparse.Namespace) -> int:
    """Measure the speed of the engines, with the default configuration of the unit."""
    try:
        with Progress() as progress:
            figures = measure(seconds=args.seconds,
                              announce=lambda what: progress.part(f"measuring {what}"))
    except Unavailable as error:
        raise UsageError(str(error)) from error
    print_out(as_json(figures, seconds=args.seconds) if args.json else as_text(figures))
    return 0


def hardware_command(args: argparse.Namespace) -> int:
    """Measure the unit as hardware: cells, clock and cycles, beside other units. Takes minutes."""
    targets = [TARGETS[name] for name in dict.fromkeys(args.targets or TARGETS)]
    try:
        with Progress() as progress:
            found = measure_hardware(args.presets or PRESETS, targets, seeds=args.seeds,
                                     announce=progress.part)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    print_out(hardware_as_json(found) if args.json else hardware_as_text(found))
    return 0
