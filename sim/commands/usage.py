"""How a command says that it cannot be done as it was given, and where files may go."""

import argparse
import math
import os
from pathlib import Path


__all__ = ["UsageError", "positive", "seed", "writable_folder"]


class UsageError(Exception):
    """The command cannot be done as it was given."""


def positive(text: str) -> float:
    """A number of seconds on the command line."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number above 0')
    return number


def seed(text: str) -> int:
    """A number on the command line from which others are drawn."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 0 on')
    return int(text)


def writable_folder(folder: Path, *, option: str) -> Path:
    """``folder``, if files can be written there; it need not exist yet.

    Raises :class:`UsageError`, which names the ``option``.
    """
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise UsageError(f"{option} {folder}: {nearest} is not a folder; name one, or a new one")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"{option} {folder}: {nearest} cannot be written to; name another folder")
    return folder
