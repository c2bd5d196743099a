"""Results of units that are done, in a file: an interrupted search goes on where it was."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.output.journal import Journal

from .plan import parse, render
from .play import Ending
from .unit import Branch, Chain, Played, Samples, Setting


__all__ = ["State"]


#: Version of the format.
FORMAT = 3


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
        header = {"format": FORMAT, "race": setting.race, "era": setting.era_name,
                  "sound": setting.sound, "switches": str(setting.switches)}
        self._journal = Journal(file, header, self._read, work="search",
                                record="a unit and its result")

    def _read(self, record: Any) -> None:
        unit, results = record
        self._known[_key(unit)] = results
        list(map(_played, results))

    def close(self) -> None:
        """Close the file."""
        self._journal.close()

    def __contains__(self, unit: Chain | Samples) -> bool:
        return _key(_as_json(unit)) in self._known

    def take(self, unit: Chain | Samples) -> list[Played]:
        """Result of a unit that is known; it is not kept."""
        return list(map(_played, self._known.pop(_key(_as_json(unit)))))

    def add(self, unit: Chain | Samples, results: Sequence[Played]) -> None:
        """Note the result of a unit."""
        self._journal.add([_as_json(unit), list(map(_result_as_json, results))])


def _key(unit: Any) -> str:
    return json.dumps(unit)


def _as_json(unit: Chain | Samples) -> list[Any]:
    if isinstance(unit, Chain):
        return ["chain", render(unit.base), list(unit.steps), unit.cpu, unit.final]
    sampling = unit.sampling
    return ["samples", sampling.depth, sampling.seed, sampling.processors, sampling.steps,
            *unit.numbers]


def _result_as_json(played: Played) -> list[Any]:
    ending = played.ending
    return [ending.bad, ending.steps, render(ending.plan), ending.preemptions, played.equal,
            [list(branch) for branch in played.branches]]


def _played(fields: Any) -> Played:
    bad, steps, plan, preemptions, equal, branches = fields
    return Played(Ending(str(bad), int(steps), parse(plan), int(preemptions)), int(equal),
                  tuple(Branch(*branch) for branch in branches))
