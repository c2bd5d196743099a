"""Arguments of commands: readers that refuse what makes no sense, in one line."""

import argparse
import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path


__all__ = ["MISTAKE", "UsageError", "address", "address_range", "complain", "path", "positive",
           "seed", "whole_number", "writable_file", "writable_folder"]


#: Exit status for a mistake in a scenario.
MISTAKE = 3

SHOWN = 40  # characters of a wrong number that a complaint shows


class UsageError(Exception):
    """The command cannot be done as it was given."""


def complain(message: object) -> None:
    """Print on standard error, in one line, why a command has failed."""
    print("dragoncage:", " ".join(str(message).splitlines()), file=sys.stderr)


def path(text: str) -> Path:
    """Read the name of a file or a folder."""
    if not text:
        raise argparse.ArgumentTypeError("a file needs a name")
    return Path(text)


def address(text: str) -> int:
    """Read an address of 64 bits, in hexadecimal after 0x, else in decimal, as gdb does."""
    found = re.fullmatch(r"0[xX]([0-9a-fA-F]{1,16})|(\d{1,20})", text)
    value = 1 << 64 if found is None else int(found[1], 16) if found[1] else int(found[2])
    if value >= 1 << 64:
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
        meant = f"0x{text}" if re.fullmatch("[0-9a-fA-F]{1,16}", text) else "0x7ffff7ffc000"
        raise argparse.ArgumentTypeError(
            f'"{shown}" is not an address of 64 bits: write it in hexadecimal, as {meant}, or in '
            "decimal")
    return value


def address_range(text: str) -> range:
    """Read a range of addresses, first and last with a hyphen between them; one is itself."""
    first, _, last = text.partition("-")
    start, stop = address(first), address(last or first) + 1
    if start >= stop:
        raise argparse.ArgumentTypeError(f'"{text}" ends before it begins')
    return range(start, stop)


def positive(text: str) -> float:
    """Read a number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number above 0')
    return number


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``least`` to ``most``."""
    def read(text: str) -> int:
        # The length is checked first, since Python refuses to read thousands of digits.
        if not text.isdecimal() or len(text) > len(str(most)) or not least <= int(text) <= most:
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
            raise argparse.ArgumentTypeError(
                f'"{shown}" is not a whole number from {least} to {most}')
        return int(text)

    return read


#: Reader of a seed of random numbers; nextpnr takes none that is larger.
seed = whole_number(0, (1 << 64) - 1)


def writable_folder(folder: Path, *, option: str) -> Path:
    """Return ``folder``, if files can be written there; it need not exist yet.

    Raises :class:`UsageError`, which names the ``option``.
    """
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise UsageError(f"{option} {folder}: {nearest} is not a folder; name another one")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"{option} {folder}: {nearest} cannot be written to; name another folder")
    return folder


def writable_file(file: Path, *, option: str) -> Path:
    """Return ``file``, if it can be written; it need not exist yet.

    Raises :class:`UsageError`, which names the ``option``.
    """
    if file.is_dir():
        raise UsageError(f"{option} {file}: this is a folder; name a file in it")
    if not file.parent.is_dir():
        raise UsageError(f"{option} {file}: there is no folder {file.parent}; make it first")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{option} {file}: {file.parent} cannot be written to; name another file")
    return file
