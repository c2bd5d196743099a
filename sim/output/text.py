"""Text for people: paragraphs and tables, in 80 columns."""

import re
import textwrap
from collections.abc import Sequence


__all__ = ["WIDTH", "plain", "table", "wrap"]


WIDTH = 80  # columns

#: Control characters, but for those that are blanks to a text.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Escape the characters of a user's ``text`` that would move a terminal's cursor, or worse."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def wrap(text: str, indent: str, further: str | None = None) -> list[str]:
    """Break a text into lines, the first with ``indent``, the others with ``further`` if given.

    A word that is longer than a line stays whole: it may be a path, or a command to copy.
    """
    return textwrap.wrap(plain(text), WIDTH, initial_indent=indent,
                         subsequent_indent=indent if further is None else further,
                         break_long_words=False, break_on_hyphens=False)


def table(rows: Sequence[Sequence[str]], *, widths: Sequence[int] = ()) -> str:
    """Lay out ``rows``, the first of which is a head, in columns with two blanks between them.

    Columns of numbers are flush right, others flush left; ``-`` stands for one that is missing. A
    column is as wide as its widest cell, or as ``widths`` has it at least, so that several tables
    can stand one below the other.
    """
    columns = list(zip(*rows, strict=True))
    least   = (*widths, *[0] * (len(columns) - len(widths)))
    spaces  = [max(width, *map(len, column)) for width, column in zip(least, columns, strict=True)]
    right   = [all(cell[:1].isdigit() or cell == "-" for cell in column[1:])
               for column in columns]
    lines   = ["  ".join(cell.rjust(space) if flush else cell.ljust(space)
                         for cell, space, flush in zip(row, spaces, right, strict=True)).rstrip()
               for row in rows]
    return "".join(f"{line}\n" for line in lines)
