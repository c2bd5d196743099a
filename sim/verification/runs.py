"""What a run in the simulator tells its host."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


__all__ = ["Report"]


@dataclass(kw_only=True)
class Report:
    """A run.

    Attributes
    ----------
    rounds, accesses, cycles : :class:`int`
        What was done.
    seconds : :class:`float`
        How long that took, without the simulator's start.
    failure : :class:`str` or None
        What went wrong, and in which round.
    complaints : :class:`dict`
        In a run on flawed units: what was said of each, "" for nothing.
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

    def __str__(self) -> str:
        return (f"{self.rounds:,} rounds, {self.accesses:,} accesses, {self.cycles:,} cycles,"
                f" {self.cycles / self.seconds:,.0f} cycles/s")
