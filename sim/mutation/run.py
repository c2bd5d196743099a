"""Mutants of one part of the project, tried on workers, with a journal."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sim.explore.pool import Pool
from sim.output.journal import Journal

from .results import Result


__all__ = ["Known", "tried"]


#: Version of the format of journals.
FORMAT = 1


class Known:
    """Results of earlier runs, and where those of this run go.

    Parameters
    ----------
    header : mapping
        What the results depend on: the part, the draw, the checks, and a digest of all sources.
    file : :class:`pathlib.Path` or :class:`None`
        Where results are, and go to; None: nowhere.

    Raises :class:`sim.output.files.FileTrouble` for a file that cannot be used.
    """

    def __init__(self, header: dict[str, Any], file: Path | None):
        self.results: dict[int, Result] = {}
        self._journal = Journal(file, {"format": FORMAT, **header}, self._read, work="mutants",
                                record="the result of a mutant")

    def _read(self, record: Any) -> None:
        result = Result.read(record)
        self.results[result.number] = result

    def add(self, result: Result) -> None:
        """Note a result."""
        self.results[result.number] = result
        self._journal.add(result)

    def close(self) -> None:
        """Close the file."""
        self._journal.close()


def tried(numbers: Sequence[int], try_mutant: Callable[..., Result], draw: Any,
          checks: Sequence[str], pool: Pool, known: Known,
          progress: Callable[[int], None]) -> list[Result]:
    """Try mutants by their numbers, but for those that are ``known``."""
    rest = [number for number in numbers if number not in known.results]
    progress(len(numbers) - len(rest))
    for done, result in enumerate(pool.calls(
            try_mutant, [(draw, number, checks) for number in rest]), 1):
        known.add(result)
        progress(len(numbers) - len(rest) + done)
    return [known.results[number] for number in numbers]
