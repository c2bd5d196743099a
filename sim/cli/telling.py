"""Report of a run that is printed part by part as the run goes on, beside its progress."""

import argparse
import sys
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from sim.output.files import FileTrouble, print_out
from sim.output.progress import Progress
from sim.perfetto.link import link_to
from sim.scenario.acts import Act, Claim
from sim.scenario.listener import Listener
from sim.scenario.report import Report, wants_colour
from sim.scenario.run import Run
from sim.scenario.scenario import Scenario

from .again import WalkCommand
from .choice import as_words
from .duration import Duration


__all__ = ["Telling"]


class Telling(Listener):
    """Report and progress of one run; the progress ends with the ``with`` statement.

    Parameters
    ----------
    name : :class:`str`
        The scenario's name in the command.
    scenario : :class:`sim.scenario.scenario.Scenario`
        The scenario.
    args : :class:`argparse.Namespace`
        The command. If it is to print JSON, the report is not told.

    Attributes
    ----------
    untold : :class:`sim.output.files.FileTrouble` or :class:`None`
        Reason for which standard output could not be written.
    """

    def __init__(self, name: str, scenario: Scenario, args: argparse.Namespace):
        words = as_words(name, args)
        self._silent   = args.json
        self._duration = Duration(scenario, f"{words} {args.engine}")
        self._progress = Progress("boot", unit="cycles", total=self._duration.cycles)
        self._report   = Report(colour=wants_colour(sys.stdout),
                                look=partial(_look, WalkCommand(words, args.engine)),
                                link=partial(_link, args.report, args.perfetto))
        self._args     = args
        self.untold: FileTrouble | None = None

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.__exit__(kind, error, traceback)

    def begun(self, run: Run) -> None:
        """Print the head."""
        self._tell(self._report.head(run))

    def announce(self, title: str) -> None:
        """Show which act is played."""
        self._progress.part(self._duration.numbered(title))

    def acted(self, number: int, act: Act) -> None:
        """Print an act that is over."""
        self._duration.done = number
        self._tell(f"\n{self._report.act(number, act)}")

    def progress(self, cycle: int) -> None:
        """Show how far the run is."""
        self._progress.count(cycle)

    def writing(self, name: str) -> None:
        """Show which file is being written."""
        self._progress.last_part(f"writing {getattr(self._args, name)}")

    def end(self, run: Run) -> None:
        """Print what the run came to, and remember how long it was."""
        self._tell(f"\n{self._report.end(run)}\n")
        self._duration.keep(run)

    def _tell(self, text: str) -> None:
        if self._silent:
            return
        self._progress.clear()
        try:
            print_out(text)
        except FileTrouble as trouble:
            self.untold = trouble
            raise


def _look(walk: WalkCommand, claim: Claim, place: int) -> str:
    """The command that shows why a claim does not hold; "" if it would show another run."""
    command = walk(claim.linear, claim.cpu)
    return "" if command is None else f"{command} {place}"


def _link(page: Path | None, trace: Path | None, act: int, number: int, cycle: int) -> str:
    """Address of a claim on the page of the run, or else in the viewer of its trace, or none."""
    if page is not None:
        return f"{page.absolute().as_uri()}#claim={act}.{number}"
    return link_to(cycle) if trace is not None else ""
