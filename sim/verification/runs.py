"""Settings that a run in the simulator gets from its host, and the result that it gives back."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.switches import Switches


__all__ = ["RESULT", "SETTINGS", "RunResult", "RunSettings"]


#: Environment variable with the settings, as JSON.
SETTINGS = "DRAGONCAGE_VERIFICATION"

#: Name of the file with the result, in the folder in which the simulator runs.
RESULT = "result.json"


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Rounds to play, and the unit to play them on.

    Attributes
    ----------
    preset : :class:`str`
        Configuration of the unit.
    switches : :class:`list` of :class:`str`
        What it has otherwise, such as "unit.pku=1": see :mod:`sim.switches`.
    seed : :class:`int`
        Seed of all rounds. cocotb's own depends on the name of a test as well.
    first, least : :class:`int`
        Number of the first round, and rounds to play at least.
    most : :class:`int`
        Rounds to play at most while the coverage has holes.
    """

    preset: str
    seed:   int
    first:  int = 0
    least:  int = 1
    most:   int = 0
    switches: list[str] = field(default_factory=list)

    @property
    def config(self) -> MmuConfig:
        """Configuration of the unit."""
        return Switches.parse(self.switches).unit(PRESETS[self.preset])

    @classmethod
    def received(cls) -> Self:
        """Those that the host gave to this process."""
        return cls(**json.loads(os.environ[SETTINGS]))

    def __str__(self) -> str:
        return json.dumps(asdict(self))


@dataclass(kw_only=True)
class RunResult:
    """Result of a run.

    Attributes
    ----------
    rounds, accesses, cycles : :class:`int`
        Rounds, accesses and cycles so far.
    seconds : :class:`float`
        Duration without the simulator's start.
    failure : :class:`str` or None
        The first difference or violation, and its round.
    complaints : :class:`dict`
        In a run on flawed units: the failure of each, "" for none.
    """

    rounds:     int            = 0
    accesses:   int            = 0
    cycles:     int            = 0
    seconds:    float          = 0.0
    failure:    str | None     = None
    complaints: dict[str, str] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it as it was saved."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def __str__(self) -> str:
        return (f"{self.rounds:,} rounds, {self.accesses:,} accesses, {self.cycles:,} cycles,"
                f" {self.cycles / self.seconds:,.0f} cycles/s")
