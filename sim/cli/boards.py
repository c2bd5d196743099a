"""`dragoncage boards`: list the boards."""

import argparse
from typing import Any

from hw.boards import BOARDS
from sim.boards.report import boards_as_json, boards_as_text
from sim.output.files import print_out


__all__ = ["add", "boards_command"]


def add(commands: Any) -> None:
    """Add the arguments."""
    boards = commands.add_parser("boards", help=boards_command.__doc__,
                                 description=boards_command.__doc__)
    boards.add_argument("--json", action="store_true", help="print JSON")
    boards.set_defaults(command=boards_command)


def boards_command(args: argparse.Namespace) -> int:
    """List the boards, what was built for them, and what was tested."""
    boards = list(BOARDS.values())
    print_out(boards_as_json(boards) if args.json else boards_as_text(boards))
    return 0
