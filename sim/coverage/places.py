"""Places of the rules in files: their sentences, tests and code; and links to those that are here.

An installed package has its code alone: what else there is, is in a checkout.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import hw

from .rules import RULES


__all__ = ["Place", "link", "proofs_page", "sentences_of", "tests_of"]


#: The folder that has the packages, and in a checkout all else.
ROOT = Path(hw.__file__).resolve().parents[1]


class Place(NamedTuple):
    """A line of a file.

    Attributes
    ----------
    file : :class:`str`
        The file, from the root of the project.
    line : :class:`int`
        The line, from 1 on; 0, if the file is not here.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def sentences_of(number: int) -> Place:
    """The heading of a rule."""
    return _first("docs/paging-rules.md", rf"### Rule {number}:")


def tests_of(number: int) -> Iterator[Place]:
    """The first test of a rule, in each file that has some."""
    for file in RULES[number].tests:
        yield _first(f"tests/{file}", rf"(async )?def test_rule_{number:02}_")


def proofs_page(name: str) -> Place:
    """A formal property, where it is told what it says."""
    return _first("docs/proofs.md", rf"\|.*`{name}`.*\|$")


def link(place: Place, folder: Path) -> str | None:
    """A link from a page in a folder to a file; None, if that is not here."""
    file = ROOT / place.file
    if not file.is_file():
        return None
    return quote(os.path.relpath(file, folder.resolve()).replace(os.sep, "/"))


def _first(file: str, pattern: str) -> Place:
    """The first line of a file that begins with a pattern."""
    lines = enumerate(_lines(file), start=1)
    return Place(file, next((number for number, line in lines if re.match(pattern, line)), 0))


@cache
def _lines(file: str) -> tuple[str, ...]:
    path = ROOT / file
    return tuple(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else ()
