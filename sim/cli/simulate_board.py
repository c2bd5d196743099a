"""`dragoncage simulate-board`: simulate a board."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from hw.boards import BOARDS
from hw.boards.top import LIGHTS
from sim.boards.simulated.board import compiled
from sim.boards.simulated.netlist import synthesised
from sim.boards.simulated.terminal import Terminal
from sim.errors import Unavailable
from sim.output.files import print_out
from sim.output.progress import rewrite_line

from .usage import UsageError


__all__ = ["add", "simulate_board_command"]


def add(commands: Any) -> None:
    """Add the arguments."""
    simulate = commands.add_parser("simulate-board", help=simulate_board_command.__doc__,
                                   description=simulate_board_command.__doc__)
    simulate.add_argument("board", metavar="BOARD", choices=BOARDS,
                          help=f"{', '.join(BOARDS)}; see `dragoncage boards`")
    simulate.add_argument("--netlist", action="store_true",
                          help="simulate the netlist of its synthesis, cell by cell; iCE40 only")
    simulate.set_defaults(command=simulate_board_command)


def simulate_board_command(args: argparse.Namespace) -> int:
    """Simulate a board with the demonstration system, and print the device to open."""
    board = BOARDS[args.board]
    try:
        simulated = synthesised(board) if args.netlist else compiled(board)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    terminal = Terminal(simulated, clock_hz=board.clock_hz)
    keys = sys.stdin if sys.stdin is not None and sys.stdin.isatty() else None
    try:
        print_out(f"{terminal.device}\n")
        print(f"now, elsewhere: dragoncage run --engine serial --port {terminal.device}\n"
              f"{'Enter presses the WP button, ' if keys else ''}Ctrl-C ends", file=sys.stderr)
        terminal.serve(keys=keys, shown=_show if sys.stderr.isatty() else lambda lit: None)
    except KeyboardInterrupt:
        pass
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        terminal.close()
        simulated.close()
    return 0


def _show(lit: Sequence[str]) -> None:
    """Show the lights on the terminal, in one line that changes."""
    lights = "  ".join(f"{'*' if name in lit else '.'} {name}" for name in LIGHTS)
    rewrite_line(sys.stderr, lights)
