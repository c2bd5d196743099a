"""The command line: what all commands have in common.

Exit status: 0 if every claim holds and every vector was done, 1 if one was not or a run came to a
bad end, 2 for a mistake in the command or in a file, 3 for one in a scenario, 130 for an interrupt.
"""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from .commands import (
    access, bench, boards, build, listing, program, run, simulate_board, verilog,
)
from .commands.usage import UsageError


__all__ = ["main"]


#: Modules of :mod:`sim.commands`, in the order of the help.
COMMANDS = (run, listing, access, bench, verilog, boards, build, program,
            simulate_board)


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the grammar."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command."""
        raise UsageError(f"{message} (see: {self.prog} --help)")


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    top = Parser(
        prog="dragoncage",
        description="See, cycle by cycle, how far hardware can keep a kernel out of memory.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Do one command; return the exit status."""
    before = signal.signal(signal.SIGTERM, _terminate)
    _escape_what_cannot_be_shown()
    try:
        args = parser().parse_args(argv)
        status: int = args.command(args)
        sys.stdout.flush()
    except UsageError as error:
        print(f"dragoncage: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dragoncage: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever reads our output has had enough; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    finally:
        signal.signal(signal.SIGTERM, before)
    return status


def _escape_what_cannot_be_shown() -> None:
    """Let no character that a terminal lacks, and none that it sends, end the command."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _terminate(number: int, frame: object) -> NoReturn:
    """End as an interrupt does, so that nothing half-written is left."""
    raise SystemExit(128 + number)
