"""Report of a run as text: a head, its acts as they end, and what it came to."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TextIO

from sim.output.text import plain, wrap
from sim.paging.text import as_text as walk_as_text

from .acts import Act, Claim
from .failure import Failure
from .run import Run


__all__ = ["Report", "as_text", "wants_colour"]


#: Faults on the link to a board, by their names in
#: :class:`sim.engines.serial.link.traffic.Traffic`.
_FAULTS = {
    "repeated": "{:,} frames sent again",
    "broken":   "{:,} came broken",
    "unwanted": "{:,} came twice or too late",
    "echoed":   "{:,} came back",
}

_COLOURS = {"ok": "32", "FAILED": "1;31", "STOPPED": "1;31", "MISTAKE": "1;31", "title": "1"}


def wants_colour(stream: TextIO | None) -> bool:
    """Tell whether text for ``stream`` may be coloured: on a terminal, without NO_COLOR."""
    return stream is not None and stream.isatty() and not os.environ.get("NO_COLOR")


def as_text(run: Run, *, colour: bool = False) -> str:
    """A whole run, in lines as wide as the terminal."""
    report = Report(colour=colour)
    acts   = [report.act(number, act) for number, act in enumerate(run.acts, 1)]
    return "\n".join([report.head(run), *acts, report.end(run)])


@dataclass(frozen=True)
class Report:
    """Parts of a report, between which there are empty lines.

    Parameters
    ----------
    colour : :class:`bool`
        What stands out is coloured.
    look : callable
        Called with a claim that does not hold, and its :meth:`place <.acts.Act.place>`; returns a
        command that shows why, or "".
    link : callable
        Called with the numbers of an act and of a claim in it, both from 1 on, and its place;
        returns an address that shows it, or "". With ``colour``, its verdict leads there.
    """

    colour: bool = False
    look:   Callable[[Claim, int], str] = lambda claim, place: ""
    link:   Callable[[int, int, int], str] = lambda act, number, place: ""

    def head(self, run: Run) -> str:
        """The scenario, and the machine that it is played on."""
        unit   = f"preset {run.preset}" if run.preset else "a unit of its own"
        forced = f", force_override={run.force_override}" if run.force_override else ""
        title  = wrap(f"{run.scenario}: {run.title}", "", "  ")
        return _text([
            *(self._paint("title", line) for line in title),
            *wrap(f"{run.mode} paging, kernel {run.era}{forced}, on {run.engine}, {unit}, "
                  f"{_size(run.ram)} of memory", "", "  "),
            *(wrap(f"with {run.switches}", "", "  ") if run.switches else ())])

    def act(self, number: int, act: Act) -> str:
        """An act that is over."""
        lines = [self._paint("title", line) for line in wrap(act.title, f"{number}. ", "   ")]
        if act.left_out:
            lines += wrap(f"not shown: {act.left_out}", "   ")
        claims = count(1)
        for entry in act.entries:
            if isinstance(entry, Claim):
                place  = act.place(entry)
                lines += self._claim(entry, place, self.link(number, next(claims), place))
            else:
                lines += wrap(entry.text, "   - ", "     ")
        return _text(lines)

    def end(self, run: Run) -> str:
        """End of the run: its acts, its claims, its cycles, and what stopped it."""
        lines = []
        if run.failure is not None:
            lines += [*_failure(run.failure, self._paint("STOPPED", "STOPPED")), ""]
        if run.schedule and not run.holds:
            lines += [*wrap(f"schedule: {run.schedule}", "", "   "), ""]
        word   = ("MISTAKE" if run.mistake else "STOPPED" if run.failure else
                  "ok" if run.holds else "FAILED")
        lines += [*_shown(run), *_counted(run), *_link(run),
                  *_painted(_summary(run, word), word, self._paint(word, word))]
        if run.mistake is not None:
            lines += wrap(f"the scenario has a mistake: {run.mistake}", "", "   ")
        return _text(lines)

    def _claim(self, claim: Claim, place: int, link: str) -> list[str]:
        word  = "ok" if claim.holds else "FAILED"
        first, *rest = wrap(f"{claim.text} {_proof(claim)}", " " * 10)
        said  = self._paint(word, self._leading(link, word)) + " " * (6 - len(word))
        lines = [f"   {said} {first.lstrip()}", *rest]
        if not claim.holds:
            if claim.expected:
                lines += wrap(f"expected: {claim.expected}", " " * 10, " " * 12)
            if claim.walk is not None:
                # As far left as can be: the table of a walk takes most of 80 columns.
                lines += walk_as_text(claim.walk, " " * 3).splitlines()
            if command := self.look(claim, place):
                # A command to copy is one line, however long.
                lines.append(f"{'':10}look: {plain(command)}")
        return lines

    def _leading(self, link: str, text: str) -> str:
        """A text that leads to an address, as terminals take it (OSC 8)."""
        return f"\x1b]8;;{link}\x1b\\{text}\x1b]8;;\x1b\\" if link and self.colour else text

    def _paint(self, name: str, text: str) -> str:
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if self.colour else text


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _painted(lines: list[str], word: str, painted: str) -> list[str]:
    """The same lines, with their first word painted."""
    return [lines[0].replace(word, painted, 1), *lines[1:]]


def _proof(claim: Claim) -> str:
    where = "" if claim.cycle is None else f"cycle {claim.cycle}: "
    return f"[{where}{claim.detail}]"


def _failure(failure: Failure, word: str) -> list[str]:
    reason, *rest = failure.reason.splitlines()
    lines = [f"{word} in cycle {failure.cycle}", *wrap(reason, "   ")]
    for line in rest:
        lines += wrap(line, "   ", "      ")
    if failure.call:
        lines += wrap(f"in the system call {failure.call}", "   ", "      ")
    if failure.location is not None:
        lines += wrap(f"at {failure.location}: {failure.location.text}", "   ", "      ")
    lines += wrap("in " + (" > ".join(failure.stack) or "user code"), "   ", "      ")
    lines.append("   last transactions:")
    for transaction in failure.transactions:
        lines += wrap(transaction, "      ", "         ")
    return lines


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count % (1 << 20) == 0 else f"{count / 1024:g} KiB"


def _shown(run: Run) -> list[str]:
    """A line on the acts that the unit could show."""
    shown = [str(number) for number, act in enumerate(run.acts, 1) if not act.left_out]
    if not run.acts:
        return []
    if len(shown) == len(run.acts):
        return [f"shown: all {len(shown)} acts" if len(shown) != 1 else "shown: the only act"]
    return wrap(f"shown: acts {', '.join(shown)} of {len(run.acts)}", "", "   ")


def _counted(run: Run) -> list[str]:
    """A line on what a board has counted."""
    said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in run.counted.items())
    return wrap(f"counted there: {said}", "", "   ") if said else []


def _link(run: Run) -> list[str]:
    """A line on faults of the link to a board."""
    wrong = ", ".join(text.format(run.link[name]) for name, text in _FAULTS.items()
                      if run.link.get(name))
    return wrap(f"the serial link: {wrong}", "", "   ") if wrong else []


def _summary(run: Run, word: str) -> list[str]:
    failed = sum(not claim.holds for claim in run.claims)
    total  = len(run.claims)
    rate   = run.cycles / run.seconds if run.seconds else 0
    return wrap(f"{word}: {total - failed} of {total} claims hold; "
                f"{run.cycles:,} cycles in {run.seconds:.1f} s ({rate:,.0f} cycles/s)", "", "   ")
