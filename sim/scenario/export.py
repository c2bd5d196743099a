"""Exports: files that are made of a run when it is over."""

from typing import Protocol

from sim.record.viewed import Viewed

from .run import Run
from .stage import Stage


__all__ = ["Export"]


class Export(Protocol):
    """A file that is made of a run.

    It goes, pickled, to the process in which the run is played.
    """

    @property
    def name(self) -> str:
        """Name of the command's option for it, without the dashes."""

    @property
    def viewed(self) -> bool:
        """It needs what a waveform shows."""

    def write(self, run: Run, stage: Stage, viewed: Viewed | None) -> None:
        """Write it. Raises :class:`sim.output.files.FileTrouble`."""
