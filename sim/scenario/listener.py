"""Listeners: they hear how a run goes, while it does."""

from .run import Run
from .acts import Act


__all__ = ["Listener"]


class Listener:
    """Hears how a run goes. This one makes nothing of it; others override what they want to hear.

    It stays in the process of the command, also where the run takes place in another.
    """

    def begun(self, run: Run) -> None:
        """Hear of a run, before its first cycle."""

    def announce(self, title: str) -> None:
        """Hear the title of an act that begins."""

    def acted(self, number: int, act: Act) -> None:
        """Hear of an act that is over, with its number, from 1 on."""

    def progress(self, cycle: int) -> None:
        """Hear, now and then, which cycle it is."""

    def writing(self, name: str) -> None:
        """Hear that the export of that name is written now: no cycle will pass any more."""
