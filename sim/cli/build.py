"""`dragoncage build`: make the bitstream of a board."""

import argparse
from pathlib import Path
from typing import Any

from hw.boards import BOARDS
from sim.boards.build import STEPS, BuildFailed, build
from sim.boards.report import build_as_json, build_as_text
from sim.errors import Unavailable
from sim.output.files import FileTrouble, print_out
from sim.output.progress import Progress

from .usage import UsageError, complain, path, seed, writable_folder


__all__ = ["add", "build_command"]


def add(commands: Any) -> None:
    """Add the arguments."""
    builder = commands.add_parser("build", help=build_command.__doc__,
                                  description=build_command.__doc__)
    builder.add_argument("board", metavar="BOARD", choices=BOARDS,
                         help=f"{', '.join(BOARDS)}; see `dragoncage boards`")
    builder.add_argument("-o", dest="folder", metavar="DIR", type=path,
                         help="folder for the bitstream and its log (default: build/BOARD)")
    builder.add_argument("--seed", type=seed, metavar="N",
                         help="seed of place and route (default: the board's)")
    builder.add_argument("--json", action="store_true", help="print JSON")
    builder.set_defaults(command=build_command)


def build_command(args: argparse.Namespace) -> int:
    """Make the bitstream of a board. It takes minutes."""
    board  = BOARDS[args.board]
    folder = writable_folder(args.folder or Path("build") / board.name, option="-o")
    try:
        with Progress() as progress:
            result = build(board, folder, seed=board.seed if args.seed is None else args.seed,
                           announce=lambda step: progress.part(_numbered(step)))
    except Unavailable as error:
        raise UsageError(str(error)) from error
    except (FileTrouble, OSError) as error:
        raise UsageError(f"-o {folder}: {error}; name another folder") from error
    except BuildFailed as error:
        complain(f"{board.name}: {error}")
        return 1
    print_out((build_as_json if args.json else build_as_text)(board, result))
    if result.unwritten:
        complain(f"-o {folder}: {result.unwritten}")
        return 2
    return 1 if result.bitstream is None else 0


def _numbered(step: str) -> str:
    return f"{step} (step {STEPS.index(step) + 1} of {len(STEPS)})"
