"""`dragoncage verilog`: write the design as Verilog."""

import argparse
from typing import Any

from hw.demo.system import BAUD, divisor_of
from hw.presets import PRESETS
from sim.errors import Unavailable
from sim.output.files import STANDARD, output
from sim.verilog.tops import BUSES, mmu, soc

from .switches import add_switches, switches_of
from .usage import UsageError, whole_number


__all__ = ["add", "verilog_command"]


#: Frequency of the system's clock, unless the command says otherwise.
CLOCK = 12_000_000


def add(commands: Any) -> None:
    """Add the arguments."""
    verilog = commands.add_parser("verilog", help=verilog_command.__doc__,
                                  description=verilog_command.__doc__)
    frequency = whole_number(1, (1 << 32) - 1)
    verilog.add_argument("--preset", choices=PRESETS, default="default",
                         help="configuration of the unit, see `dragoncage list` (default: default)")
    add_switches(verilog, ("unit",))
    verilog.add_argument("--top", choices=("mmu", "soc"), default="mmu",
                         help="the unit alone, or a system of unit, memory and UART bridge "
                              "(default: mmu)")
    verilog.add_argument("--bus", choices=BUSES,
                         help="with --top mmu: mode of its Wishbone bus to memory "
                              f"(default: {BUSES[0]})")
    verilog.add_argument("--data-width", type=int, choices=(64, 32),
                         help="with --top mmu: bits of a word of that bus (default: 64)")
    verilog.add_argument("--clock", type=frequency, metavar="HZ",
                         help=f"with --top soc: frequency of its clock (default: {CLOCK})")
    verilog.add_argument("--baud", type=frequency, metavar="N",
                         help=f"with --top soc: bits per second of its UART (default: {BAUD})")
    verilog.add_argument("-o", dest="output", metavar="FILE", default=STANDARD,
                         help="file for the text (default: -, standard output)")
    verilog.set_defaults(command=verilog_command)


def verilog_command(args: argparse.Namespace) -> int:
    """Write the unit, or a system with it, as one file of Verilog."""
    try:
        text = _text(args)
        with output(args.output) as file:
            file.write(text)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    return 0


def _text(args: argparse.Namespace) -> str:
    switches = switches_of(args, ("unit",))
    if args.top == "mmu":
        if args.clock is not None or args.baud is not None:
            raise UsageError("--clock and --baud need --top soc: the unit has no UART")
        try:
            config = switches.unit(PRESETS[args.preset])
        except ValueError as error:
            raise UsageError(f"there is no unit with --set {switches}: {error}") from error
        return mmu(args.preset, config, switches=str(switches),
                   classic=args.bus == BUSES[1], data_width=args.data_width or 64)
    if args.bus is not None or args.data_width is not None:
        raise UsageError("--bus and --data-width need --top mmu: a system has its memory inside")
    if switches.values:
        raise UsageError("--set needs --top mmu: a system tells who talks to it the preset of its "
                         "unit")
    clock, baud = args.clock or CLOCK, args.baud or BAUD
    try:
        divisor_of(clock, baud)
    except ValueError as error:
        raise UsageError(f"--clock {clock} --baud {baud}: {error}") from error
    return soc(args.preset, clock_hz=clock, baud=baud)
