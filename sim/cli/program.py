"""`dragoncage program`: load a bitstream into a board."""

import argparse
from pathlib import Path
from typing import Any

from hw.boards import BOARDS
from sim.boards.build import SUFFIXES
from sim.boards.loader import LoadFailed, load
from sim.errors import Unavailable
from sim.output.files import print_out
from sim.output.progress import Progress

from .usage import UsageError, complain, path


__all__ = ["add", "program_command"]


def add(commands: Any) -> None:
    """Add the arguments."""
    programmer = commands.add_parser("program", help=program_command.__doc__,
                                     description=program_command.__doc__)
    programmer.add_argument("board", metavar="BOARD", choices=BOARDS,
                            help=f"{', '.join(BOARDS)}; see `dragoncage boards`")
    programmer.add_argument("--file", metavar="FILE", type=path,
                            help="the bitstream (default: the one in build/BOARD)")
    programmer.set_defaults(command=program_command)


def program_command(args: argparse.Namespace) -> int:
    """Load a bitstream into a board that is connected by USB."""
    board     = BOARDS[args.board]
    bitstream = _bitstream(board.name, args.file)
    try:
        with Progress(f"loading {bitstream}") as progress:
            load(board, bitstream, waiting=progress.show)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    except LoadFailed as error:
        complain(f"{board.name}: {error}")
        return 1
    print_out(f"{board.name} has {bitstream}; now: "
              f"dragoncage run --engine serial --port {board.port}\n")
    return 0


def _bitstream(name: str, given: Path | None) -> Path:
    """The file to load. Raises :class:`UsageError` if there is none."""
    if given is not None:
        if not given.is_file():
            raise UsageError(f"--file {given}: there is no such file")
        return given
    built = [path for suffix in SUFFIXES
             if (path := Path("build") / name / f"{name}{suffix}").is_file()]
    if not built:
        raise UsageError(f"no bitstream in build/{name}; make one: dragoncage build {name}")
    return built[0]
