"""Mutants of one part of the project, tried on workers, with a journal.

A check is done on all mutants that are left before the next one, which costs more, begins.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.explore.pool import Pool
from sim.output.journal import Journal

from .results import SURVIVED, Result


__all__ = ["Known", "tried"]


#: Version of the format of journals.
FORMAT = 1


class Known:
    """Words of checks in earlier runs, and the file to which those of this run go.

    Parameters
    ----------
    header : mapping
        What it depends on: the part, the mutants, and a digest of all sources.
    file : :class:`pathlib.Path` or :class:`None`
        Where it is, and goes to; None: nowhere.

    Raises :class:`sim.output.files.FileTrouble` for a file that cannot be used.
    """

    def __init__(self, header: Mapping[str, Any], file: Path | None):
        self._words: dict[tuple[int, str], str] = {}
        self._journal = Journal(file, {"format": FORMAT, **header}, self._read,
                                work="draw of mutants", record="what a check has noticed")

    def _read(self, record: Any) -> None:
        number, check, words = record
        if not (isinstance(number, int) and isinstance(check, str) and isinstance(words, str)):
            raise TypeError("no record")
        self._words[number, check] = words

    def __contains__(self, done: tuple[int, str]) -> bool:
        return done in self._words

    def words(self, number: int, check: str) -> str:
        """The words of a check on a mutant; empty if it has noticed nothing."""
        return self._words[number, check]

    def add(self, number: int, check: str, words: str) -> None:
        """Note it."""
        self._words[number, check] = words
        self._journal.add([number, check, words])

    def close(self) -> None:
        """Close the file."""
        self._journal.close()


def tried(
    numbers: Sequence[int], checks: Mapping[str, Callable[[Any, int], str]], draw: Any, pool: Pool,
    known: Known, progress: Callable[[str, int], None] = lambda check, left: None,
    waiting: Callable[[], None] = lambda: None,
) -> list[Result]:
    """Try checks on mutants, by their numbers, until one settles each.

    ``progress`` is told, first and after each mutant, on how many the check is still to be done;
    ``waiting`` is called several times a second. Raises :class:`sim.errors.Unavailable`.
    """
    results, left = {}, list(numbers)
    for name, check in checks.items():
        rest = [number for number in left if (number, name) not in known]
        progress(name, len(rest))
        found = pool.calls(check, [(draw, number) for number in rest], waiting)
        for index, words in enumerate(found):
            known.add(rest[index], name, words)
            progress(name, len(rest) - index - 1)
        for number in list(left):
            if words := known.words(number, name):
                results[number] = Result(number, name, words)
                left.remove(number)
    return [results.get(number, Result(number, SURVIVED, "")) for number in numbers]
