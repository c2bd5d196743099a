"""Text for people: paragraphs and tables, as wide as the terminal."""

import os
import re
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO


__all__ = ["NARROWEST", "WIDEST", "columns", "plain", "table", "wrap"]


#: Columns of a line where there is no terminal.
USUAL = 80

#: Columns that a line is laid out for: in fewer nothing can be told, and more are hard to read.
NARROWEST, WIDEST = 40, 200

#: Control characters, but for those that are blanks to a text.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def columns(stream: TextIO | None = None) -> int:
    """Columns of a line for ``stream``, by default standard output.

    The environment variable COLUMNS decides if it is a number; else the terminal does, if it is
    one; else there are 80. There are 40 to 200, in any case.
    """
    found = 0
    with suppress(ValueError):
        found = int(os.environ.get("COLUMNS", ""))
    if found <= 0:
        found = _of_terminal(sys.stdout if stream is None else stream) or USUAL
    return min(max(found, NARROWEST), WIDEST)


def _of_terminal(stream: TextIO | None) -> int:
    """Columns of a terminal; 0 if it is none, or does not say."""
    with suppress(OSError, ValueError):
        if stream is not None and stream.isatty():
            return os.get_terminal_size(stream.fileno()).columns
    return 0


def plain(text: str) -> str:
    """Escape the characters of a user's ``text`` that would move a terminal's cursor, or worse."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def wrap(text: str, indent: str, further: str | None = None) -> list[str]:
    """Break a text into lines, the first with ``indent``, the others with ``further`` if given.

    A word that is longer than a line stays whole: it may be a path, or a command to copy.
    """
    return textwrap.wrap(plain(text), columns(), initial_indent=indent,
                         subsequent_indent=indent if further is None else further,
                         break_long_words=False, break_on_hyphens=False)


def table(rows: Sequence[Sequence[str]], *, widths: Sequence[int] = (), indent: str = "") -> str:
    """Lay out ``rows``, the first of which is a head, in columns with two blanks between them.

    Columns of numbers are flush right, others flush left; ``-`` stands for one that is missing. A
    column is as wide as its widest cell, or as ``widths`` has it at least, so that several tables
    can stand one below the other. If the lines are too long for the terminal, each row is a
    paragraph instead: its first cell in a line, then the others, all with their heads.
    """
    spaces = [max(least, *map(len, cells)) for least, cells in zip(
        (*widths, *[0] * (len(rows[0]) - len(widths))), zip(*rows, strict=True), strict=True)]
    right  = [all(cell[:1].isdigit() or cell == "-" for cell in cells[1:])
              for cells in zip(*rows, strict=True)]
    lines  = [indent + "  ".join(
        cell.rjust(space) if flush else cell.ljust(space)
        for cell, space, flush in zip(row, spaces, right, strict=True)).rstrip() for row in rows]
    if max(map(len, lines)) > columns():
        lines = [line for row in rows[1:] for line in _paragraph(rows[0], row, indent)]
    return "".join(f"{line}\n" for line in lines)


def _paragraph(head: Sequence[str], row: Sequence[str], indent: str) -> list[str]:
    """A row of a table in lines of their own."""
    first, *said = [f"{name} {cell}" if name else cell
                    for name, cell in zip(head, row, strict=True) if cell not in ("", "-")]
    return [*wrap(first, indent, f"{indent}  "),
            *wrap(", ".join(said), f"{indent}  ", f"{indent}    ")]
