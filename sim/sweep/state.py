"""Results of parts that are done, in a file: an interrupted sweep goes on where it was."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.output.journal import Journal


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
        header = {"format": FORMAT, "first": first, "stop": stop, "design": design}
        self._journal = Journal(file, header, self._read, work="sweep",
                                record="a part and its result")

    def _read(self, record: Any) -> None:
        start, stop, causes, differences, smallest, drawn, wrong = record
        if not all(isinstance(value, int) for value in (
                start, stop, differences, drawn, *smallest, *wrong, *sum(causes, []))):
            raise TypeError("a number is none")
        self._known[start, stop] = [causes, differences, smallest, drawn, wrong]

    def close(self) -> None:
        """Close the file."""
        self._journal.close()

    def __contains__(self, part: tuple[int, int]) -> bool:
        return part in self._known

    def take(self, part: tuple[int, int]) -> list[Any]:
        """Result of a part that is known."""
        return self._known[part]

    def add(self, part: tuple[int, int], result: Sequence[Any]) -> None:
        """Note the result of a part."""
        self._journal.add([*part, *result])
