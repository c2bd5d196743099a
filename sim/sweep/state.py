"""Results of parts that are done, in a file: an interrupted sweep goes on where it was.

The file has lines of JSON. The first says what is swept; each other one has a part and its result.
A last line that was cut off is left out, and its part is done again.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from sim.output.files import FileTrouble


__all__ = ["State"]


#: Version of the format.
FORMAT = 1


class State:
    """Results of earlier runs of a sweep, and where those of this run go.

    Parameters
    ----------
    first, stop : :class:`int`
        The cases.
    design : :class:`str`
        A digest of the unit and the rules: results of others are worth nothing.
    file : :class:`pathlib.Path` or :class:`None`
        Where results are, and go to; None: nowhere.

    Raises :class:`sim.output.files.FileTrouble` for a file that cannot be used.
    """

    def __init__(self, first: int, stop: int, design: str, file: Path | None = None):
        self._known: dict[tuple[int, int], list[Any]] = {}
        self._file: TextIO | None = None
        if file is None:
            return
        header = {"format": FORMAT, "first": first, "stop": stop, "design": design}
        try:
            if file.exists() and file.stat().st_size:
                self._load(file, header)
            else:
                file.write_text(json.dumps(header) + "\n", encoding="utf-8")
            self._file = file.open("a", encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileTrouble(f"cannot keep the sweep in {file}: {error}") from error

    def _load(self, file: Path, header: dict[str, Any]) -> None:
        first, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        try:
            found = json.loads(first)
        except ValueError:
            found = None
        if found != header:
            raise FileTrouble(f"{file} is not of this sweep: it begins with {first.strip()[:80]!r}"
                              f", not with {json.dumps(header)!r}")
        if lines and not lines[-1].endswith("\n"):
            cut = lines.pop()
            with file.open("r+b") as whole:
                whole.truncate(file.stat().st_size - len(cut.encode()))
        for number, line in enumerate(lines, start=2):
            try:
                start, stop, *result = json.loads(line)
                causes, differences, smallest, drawn, wrong = result
                if not all(isinstance(value, int) for value in (
                        start, stop, differences, drawn, *smallest, *wrong, *sum(causes, []))):
                    raise TypeError("a number is none")
            except (ValueError, TypeError) as error:
                raise FileTrouble(f"{file}: line {number}: not a part and its result") from error
            self._known[start, stop] = [causes, differences, smallest, drawn, wrong]

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __contains__(self, part: tuple[int, int]) -> bool:
        return part in self._known

    def take(self, part: tuple[int, int]) -> list[Any]:
        """Result of a part that is known."""
        return self._known[part]

    def add(self, part: tuple[int, int], result: Sequence[Any]) -> None:
        """Note the result of a part."""
        if self._file is not None:
            self._file.write(json.dumps([*part, *result]) + "\n")
            self._file.flush()
