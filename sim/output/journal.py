"""Results in a file, so that work which was interrupted goes on where it was.

The file has lines of JSON. The first is a header, which says what the results are of; each other
one is a record.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from .files import FileTrouble


__all__ = ["Journal"]


class Journal:
    """Records of earlier runs, and where those of this run go.

    Parameters
    ----------
    file : :class:`pathlib.Path` or :class:`None`
        Where records are, and go to; None: nowhere.
    header : mapping
        What the results are of, and the version of the format.
    read : callable
        Called with each record that is there. Raises :class:`ValueError`, :class:`TypeError` or
        :class:`LookupError` for one that is none.
    work, record : :class:`str`
        Words for messages: what is done, and what a line has.

    Raises :class:`.files.FileTrouble` for a file that cannot be used, and for one of another
    header. A last line that was cut off is left out, and cut off the file, too.
    """

    def __init__(self, file: Path | None, header: Mapping[str, Any],
                 read: Callable[[Any], None], *, work: str, record: str):
        self._file: TextIO | None = None
        if file is None:
            return
        try:
            if file.exists() and file.stat().st_size:
                for number, line in enumerate(_records(file, header, work), start=2):
                    try:
                        read(json.loads(line))
                    except (ValueError, TypeError, LookupError) as error:
                        raise FileTrouble(f"{file}: line {number}: not {record}") from error
            else:
                file.write_text(json.dumps(header) + "\n", encoding="utf-8")
            self._file = file.open("a", encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileTrouble(f"cannot keep the {work} in {file}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def add(self, record: Any) -> None:
        """Write a record, at once."""
        if self._file is not None:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()


def _records(file: Path, header: Mapping[str, Any], work: str) -> list[str]:
    """Lines after the header, without one that was cut off."""
    first, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    try:
        found = json.loads(first)
    except ValueError:
        found = None
    if found != header:
        raise FileTrouble(f"{file} is not of this {work}: it begins with {first.strip()[:80]!r}"
                          f", not with {json.dumps(header)!r}")
    if lines and not lines[-1].endswith("\n"):
        cut = lines.pop()
        with file.open("r+b") as whole:
            whole.truncate(file.stat().st_size - len(cut.encode()))
    return lines
