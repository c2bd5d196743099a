"""A prompt in a page, for the command `dragoncage walk`."""

import io
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from sim.errors import Unavailable
from sim.lab.choices import file_of
from sim.lab.player import SLOWLY, Tell
from sim.lab.untouched import untouched
from sim.output.files import FileTrouble

from . import walk as command
from .parser import Parser
from .usage import UsageError, complain


__all__ = ["walk"]


def walk(request: Mapping[str, Any], folder: Path, tell: Tell) -> None:
    """Perform `dragoncage walk` with the words of the ``line`` of a ``request``.

    Its ``text`` is a scenario's, or null, and can be named as a file. The message is of the kind
    ``said``: the ``text`` that a terminal shows.
    """
    if request.get("text") is not None:
        file_of(request, folder)
    with _within(folder):
        try:
            status, said = _done(request, "cxxrtl")
        except Unavailable:
            tell({"kind": "begun", "engine": "pysim", "remark": SLOWLY})
            status, said = _done(request, "pysim")
    tell({"kind": "said", "by": "dragoncage walk", "text": said, "good": status == 0})


def _done(request: Mapping[str, Any], engine: str) -> tuple[int, str]:
    """Exit status of the command, and what it prints.

    Raises :class:`sim.errors.Unavailable` if the engine that it would have here is not at hand.
    """
    shown = io.StringIO()
    with redirect_stdout(shown), redirect_stderr(shown):
        try:
            return _command(shlex.split(str(request.get("line", ""))), engine), shown.getvalue()
        except UsageError as error:
            if isinstance(error.__cause__, Unavailable) and engine == "cxxrtl":
                raise error.__cause__ from None
            complain(error)
        except (FileTrouble, ValueError) as error:
            complain(error)
        except SystemExit:  # The help was printed.
            return 0, shown.getvalue()
    return 2, shown.getvalue()


def _command(words: Sequence[str], engine: str) -> int:
    top = Parser(prog="dragoncage")
    command.add(top.add_subparsers())
    args = top.parse_args(["walk", *words])
    if "--engine" not in words:
        args.engine = engine
    args.shipped = untouched
    status: int = args.command(args)
    return status


@contextmanager
def _within(folder: Path) -> Iterator[None]:
    """In a folder, where files are named without it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
