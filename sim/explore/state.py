"""Results of units that are done, in a file: an interrupted search goes on where it was.

The file has lines of JSON. The first says what is searched; each other one has a unit and its
result. A last line that was cut off is left out, and its unit is done again.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from sim.output.files import FileTrouble

from .plan import parse, render
from .play import Ending
from .unit import Branch, Chain, Played, Samples, Setting


__all__ = ["State"]


#: Version of the format.
FORMAT = 2


class State:
    """Results of earlier runs of a search, and where those of this run go.

    Parameters
    ----------
    setting : :class:`.unit.Setting`
        What is searched.
    file : :class:`pathlib.Path` or :class:`None`
        Where results are, and go to; None: nowhere.

    Raises :class:`sim.output.files.FileTrouble` for a file that cannot be used.
    """

    def __init__(self, setting: Setting, file: Path | None = None):
        self._known: dict[str, Any] = {}
        self._file: TextIO | None = None
        if file is None:
            return
        header = {"format": FORMAT, "race": setting.race, "era": setting.era_name,
                  "sound": setting.sound, "switches": str(setting.switches)}
        try:
            if file.exists() and file.stat().st_size:
                self._load(file, header)
            else:
                file.write_text(json.dumps(header) + "\n", encoding="utf-8")
            self._file = file.open("a", encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileTrouble(f"cannot keep the search in {file}: {error}") from error

    def _load(self, file: Path, header: dict[str, Any]) -> None:
        first, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        try:
            found = json.loads(first)
        except ValueError:
            found = None
        if found != header:
            raise FileTrouble(f"{file} is not of this search: it begins with {first.strip()[:60]!r}"
                              f", not with {json.dumps(header)!r}")
        if lines and not lines[-1].endswith("\n"):
            cut = lines.pop()
            with file.open("r+b") as whole:
                whole.truncate(file.stat().st_size - len(cut.encode()))
        for number, line in enumerate(lines, start=2):
            try:
                unit, results = json.loads(line)
                self._known[_key(unit)] = results
                list(map(_played, results))
            except (ValueError, TypeError, LookupError) as error:
                raise FileTrouble(f"{file}: line {number}: not a unit and its result") from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __contains__(self, unit: Chain | Samples) -> bool:
        return _key(_as_json(unit)) in self._known

    def take(self, unit: Chain | Samples) -> list[Played]:
        """Result of a unit that is known; it is not kept."""
        return list(map(_played, self._known.pop(_key(_as_json(unit)))))

    def add(self, unit: Chain | Samples, results: Sequence[Played]) -> None:
        """Note the result of a unit."""
        if self._file is not None:
            self._file.write(json.dumps([_as_json(unit), list(map(_result_as_json, results))])
                             + "\n")
            self._file.flush()


def _key(unit: Any) -> str:
    return json.dumps(unit)


def _as_json(unit: Chain | Samples) -> list[Any]:
    if isinstance(unit, Chain):
        return ["chain", render(unit.base), list(unit.steps), unit.cpu, unit.final]
    sampling = unit.sampling
    return ["samples", sampling.depth, sampling.seed, sampling.processors, sampling.steps,
            unit.first, unit.last]


def _result_as_json(played: Played) -> list[Any]:
    ending = played.ending
    return [ending.bad, ending.steps, render(ending.plan), ending.preemptions, played.equal,
            [list(branch) for branch in played.branches]]


def _played(fields: Any) -> Played:
    bad, steps, plan, preemptions, equal, branches = fields
    return Played(Ending(str(bad), int(steps), parse(plan), int(preemptions)), int(equal),
                  tuple(Branch(*branch) for branch in branches))
