"""``dragoncage``, and ``python -m dragoncage``: the command line as a process of its own."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from . import activate


__all__ = ["main"]


def main() -> int:
    """Do one command; return the exit status."""
    _occupy_standard_files()
    try:
        with _abrupt_end():
            command = _imported()
        status = command()
        # The rest is Python's, which would end in a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        _end(signal.SIGINT, None)
    return status


def _imported() -> Callable[[], int]:
    """The command line. If it cannot be imported, end with the reason in one line, and status 2."""
    try:
        activate()
        from sim.cli.main import main as command
    except ImportError as error:
        reason = " ".join(str(error).splitlines())
        _say(f"{reason}; install and run dragoncage in an environment of its own")
        raise SystemExit(2) from error
    return command


@contextmanager
def _abrupt_end() -> Iterator[None]:
    """End at once when interrupted, unless interrupts are ignored.

    To import everything takes a second. An exception there may be lost, or end in a traceback of
    the import system's; and there is nothing yet to put in order.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    yield
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, before)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End at once, as an interrupted command does."""
    _say("interrupted")
    os._exit(128 + number)


def _say(text: str) -> None:
    """Write a line to standard error, if that can be done."""
    with suppress(OSError):
        os.write(2, f"dragoncage: {text}\n".encode(errors="backslashreplace"))


def _occupy_standard_files() -> None:
    """Leave none of the standard files closed: another file would get its number, and its text."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free: this one. Programs that we run have it too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


if __name__ == "__main__":
    sys.exit(main())
