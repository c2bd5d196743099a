"""Progress of a run of which nothing is told before its end."""

from sim.output.progress import Progress
from sim.scenario.listener import Listener


__all__ = ["Watching"]


class Watching(Listener):
    """Shows the progress of a run."""

    def __init__(self, progress: Progress):
        self._progress = progress

    def announce(self, title: str) -> None:
        """Show which act is played."""
        self._progress.part(title)

    def progress(self, cycle: int) -> None:
        """Show how far the run is."""
        self._progress.count(cycle)
