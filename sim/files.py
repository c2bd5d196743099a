"""Input in batches of lines, and output that appears whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO


__all__ = ["STANDARD", "FileTrouble", "lines", "output"]


#: The name that stands for standard input and standard output.
STANDARD = "-"


class FileTrouble(Exception):
    """A file cannot be read or written. The message names it and says why."""


def lines(name: str, count: int) -> Iterator[list[str]]:
    """The lines of a file, without their ends, in lists of ``count`` at most.

    Bytes that are not UTF-8 become lone surrogates. Raises :class:`FileTrouble`.
    """
    try:
        with open(0 if name == STANDARD else name, encoding="utf-8", errors="surrogateescape",
                  newline="\n", closefd=name != STANDARD) as file:
            while some := list(islice(file, count)):
                yield [line.removesuffix("\n") for line in some]
    except OSError as error:
        raise FileTrouble(f"cannot read {_said(name, 'input')}: {error.strerror}") from error


@contextmanager
def output(name: str) -> Iterator[IO[str]]:
    """What to write lines to.

    A file gets its name when all is written, and keeps its old content until then; what already
    exists and is no ordinary file, such as a pipe, is written to at once. Raises
    :class:`FileTrouble`.
    """
    path = Path(os.path.realpath(name))
    part = path.with_name(f".{path.name}.part")
    if name == STANDARD:
        if sys.stdout is None:
            raise FileTrouble("cannot write standard output: it is closed")
        with _reported(name):
            try:
                yield sys.stdout
            finally:
                sys.stdout.flush()
    elif path.exists() and not path.is_file():
        with _reported(name), path.open("w", encoding="ascii") as file:
            yield file
    else:
        with _reported(name):
            try:
                with part.open("w", encoding="ascii") as file:
                    yield file
                os.replace(part, path)
            finally:
                part.unlink(missing_ok=True)


@contextmanager
def _reported(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads has had enough
    except OSError as error:
        if name == STANDARD:
            # What is still in the buffer cannot be written at the exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise FileTrouble(f"cannot write {_said(name, 'output')}: {error.strerror}") from error


def _said(name: str, direction: str) -> str:
    return f"standard {direction}" if name == STANDARD else name
