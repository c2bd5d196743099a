"""The command line: what all commands have in common.

Exit status: 0 if every claim holds and every vector was done, 1 if one was not or a run came to a
bad end, 2 for a mistake in the command or for a file that cannot be read or written, standard
output among them, 3 for a mistake in a scenario; 129, 130 and 143 for SIGHUP, an interrupt and
SIGTERM.
"""

import argparse
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from typing import Any, NoReturn, TextIO, cast

from dragoncage import __version__
from sim.output.files import FileTrouble, print_out

from . import (
    access, bench, boards, build, compare, conform, coverage, explore, lab, listing, litmus,
    machines, matrix, mutate, program, prove, run, script, simulate_board, sweep, verilog, walk,
)
from .parser import Parser
from .usage import UsageError, complain


__all__ = ["main"]


#: Modules of :mod:`sim.cli`, in the order of the help.
COMMANDS = (run, listing, walk, matrix, script, explore, litmus, conform, lab, access, compare,
            sweep, coverage, prove, mutate, bench, machines, verilog, boards, build, program,
            simulate_board)


class Version(argparse.Action):
    """Option that prints the version, and ends the command."""

    def __call__(self, parser: argparse.ArgumentParser, *words: Any) -> NoReturn:
        """Print the version."""
        print_out(f"{parser.prog} {__version__}\n")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = Parser(
        prog="dragoncage",
        description="See, cycle by cycle, how far hardware can keep a kernel out of memory.")
    top.set_defaults(command=lambda args: _without_command(top))
    top.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    commands = top.add_subparsers(metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top


def _without_command(top: argparse.ArgumentParser) -> int:
    """Print the help as an error: nothing was done, and a program may read standard output."""
    sys.stderr.write(top.format_help())
    return 2


def main(argv: Sequence[str] | None = None) -> int:
    """Do one command; return the exit status."""
    _escape_what_cannot_be_shown()
    stderr = cast(TextIO, _StandardError(sys.stderr))
    with _ended_by(signal.SIGTERM, signal.SIGHUP), redirect_stderr(stderr):
        try:
            args = parser().parse_args(argv)
            status: int = args.command(args)
        except (UsageError, FileTrouble) as error:
            complain(error)
            return 2
        except KeyboardInterrupt:
            complain("interrupted")
            return 130
        except BrokenPipeError:
            # The reader of our output has closed it, so nothing more can be written.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except OSError as error:
            # This computer has failed, such as by a full disk for temporary files.
            complain(error)
            return 2
        return status


def _escape_what_cannot_be_shown() -> None:
    """Escape characters that a terminal lacks, or that are no text: none may end the command."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _ended_by(*numbers: signal.Signals) -> Iterator[None]:
    """End as an interrupt does at these signals, so that no half of a file is left.

    A signal that is ignored, as SIGHUP is under nohup, stays so.
    """
    def end(number: int, frame: object) -> NoReturn:
        for other in before:  # They come together, and one is enough.
            signal.signal(other, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {number: handler for number in numbers
              if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _StandardError:
    """Standard error: a text that cannot be written to ``stream`` is lost, and nothing else is.

    The stream is None if it is closed.
    """

    def __init__(self, stream: TextIO | None):
        self._stream = stream

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def write(self, text: str) -> int:
        """Write ``text``, if that can be done."""
        if self._stream is not None:
            with suppress(OSError):
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is in the buffer, if that can be done."""
        if self._stream is not None:
            with suppress(OSError):
                self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
