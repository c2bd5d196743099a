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

from . import access, bench, boards, build, listing, program, run, simulate_board, verilog
from .usage import UsageError, complain


__all__ = ["main"]


#: Modules of :mod:`sim.cli`, in the order of the help.
COMMANDS = (run, listing, access, bench, verilog, boards, build, program,
            simulate_board)


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the grammar."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command."""
        raise UsageError(f"{message} (see: {self.prog} --help)")

    def print_help(self, file: Any = None) -> None:
        """Print the help as all else is printed."""
        print_out(self.format_help())


class Version(argparse.Action):
    """Prints the version, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *words: Any) -> NoReturn:
        """Do so."""
        print_out(f"{parser.prog} {__version__}\n")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    top = Parser(
        prog="dragoncage",
        description="See, cycle by cycle, how far hardware can keep a kernel out of memory.")
    top.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top


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
            # Whoever reads our output has had enough; nothing more can be said to them.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except OSError as error:  # of this computer, such as no room for temporary files
            complain(error)
            return 2
        return status


def _escape_what_cannot_be_shown() -> None:
    """Let no character that a terminal lacks, and none that it sends, end the command."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _ended_by(*numbers: signal.Signals) -> Iterator[None]:
    """End as an interrupt does at these signals, so that nothing half-written is left.

    A signal that is ignored, as SIGHUP is under nohup, stays so.
    """
    def end(number: int, frame: object) -> NoReturn:
        for other in before:  # they come together, and one is enough
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
    """A ``stream`` on which a text that cannot be written is lost, and nothing else is.

    None is one that is closed.
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
        """Write what waits, if that can be done."""
        if self._stream is not None:
            with suppress(OSError):
                self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
