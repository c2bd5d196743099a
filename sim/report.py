"""What a run showed: for a terminal, and as JSON."""

import json
import os
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import Any, TextIO

from .scenario import Run
from .stage import Act, Claim


__all__ = ["SCHEMA", "Progress", "as_json", "as_text", "wants_colour"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

WIDTH = 80  # columns

_COLOURS = {"ok": "32", "FAILED": "1;31", "title": "1"}


def wants_colour(stream: TextIO) -> bool:
    """Whether text for ``stream`` may be coloured: on a terminal, without NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def as_text(run: Run, *, colour: bool = False) -> str:
    """A run in lines of 80 columns at most."""
    def paint(name: str, text: str) -> str:
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if colour else text

    lines = [paint("title", line) for line in _wrap(f"{run.scenario}: {run.title}", "", "  ")]
    lines.append(f"{run.mode} paging, kernel {run.era}, on {run.engine}")
    for number, act in enumerate(run.acts, 1):
        lines += ["", *(paint("title", line) for line in _wrap(act.title, f"{number}. ", "   "))]
        for entry in act.entries:
            if isinstance(entry, Claim):
                word  = "ok" if entry.holds else "FAILED"
                first, *rest = _wrap(f"{entry.text} {_proof(entry)}", " " * 10)
                lines += [f"   {paint(word, f'{word:6}')} {first.lstrip()}", *rest]
            else:
                lines += _wrap(entry.text, "   - ", "     ")
    if run.failure is not None:
        lines += ["", *_failure(run, paint("FAILED", "STOPPED"))]
    if run.schedule and not run.holds:
        lines += ["", *_wrap(f"turns taken: {run.schedule}", "", "   ")]
    lines += ["", _summary(run, paint("ok" if run.holds else "FAILED",
                                      "ok" if run.holds else "FAILED"))]
    return "\n".join(lines) + "\n"


def as_json(runs: Sequence[Run]) -> str:
    """Runs as one JSON document."""
    return json.dumps({"schema": SCHEMA, "runs": [_run(run) for run in runs]}, indent=2) + "\n"


class Progress:
    """Says on ``stream`` how far a run is, if it takes longer than two seconds.

    On a terminal it is one line that changes; elsewhere a line from time to time.
    """

    PATIENCE = 2.0                 # seconds of silence at first
    PAUSE    = {True: 0.2, False: 10.0}  # seconds between two reports: on a terminal, elsewhere

    def __init__(self, stream: TextIO = sys.stderr):
        self._stream   = stream
        self._terminal = stream.isatty()
        self._act      = "boot"
        self._begun    = time.monotonic()
        self._next     = self._begun + self.PATIENCE
        self._shown    = False

    def announce(self, title: str) -> None:
        """Note which act has begun."""
        self._act = title

    def __call__(self, cycle: int) -> None:
        """Note that ``cycle`` has been reached."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next  = now + self.PAUSE[self._terminal]
        self._shown = True
        rate = cycle / (now - self._begun)
        line = self._line(cycle, rate)[:WIDTH - 1]
        self._stream.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the changing line away."""
        if self._terminal and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _line(self, cycle: int, rate: float) -> str:
        """What to say in ``cycle``, with ``rate`` of them in a second."""
        return f"cycle {cycle:,}, {rate:,.0f} cycles/s: {self._act}"


def _wrap(text: str, indent: str, further: str | None = None) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent,
                         subsequent_indent=indent if further is None else further,
                         break_long_words=False, break_on_hyphens=False)


def _proof(claim: Claim) -> str:
    where = "" if claim.cycle is None else f"cycle {claim.cycle}: "
    return f"[{where}{claim.detail}]"


def _failure(run: Run, word: str) -> list[str]:
    failure = run.failure
    assert failure is not None
    reason, *rest = failure.reason.splitlines()
    lines = [f"{word} in cycle {failure.cycle}", *_wrap(reason, "   ")]
    for line in rest:
        lines += _wrap(line, "   ", "      ")
    lines += _wrap("in " + (" > ".join(failure.stack) or "user code"), "   ", "      ")
    lines.append("   last transactions:")
    for transaction in failure.transactions:
        lines += _wrap(transaction, "      ", "         ")
    return lines


def _summary(run: Run, word: str) -> str:
    failed = sum(not claim.holds for claim in run.claims)
    total  = len(run.claims)
    rate   = run.cycles / run.seconds if run.seconds else 0
    return (f"{word}: {total - failed} of {total} claims hold; "
            f"{run.cycles:,} cycles in {run.seconds:.1f} s ({rate:,.0f} cycles/s)")


def _run(run: Run) -> dict[str, Any]:
    failure = run.failure
    return {
        "scenario": run.scenario,
        "title":    run.title,
        "mode":     run.mode,
        "engine":   run.engine,
        "era":      run.era,
        "schedule": run.schedule,
        "cycles":   run.cycles,
        "seconds":  round(run.seconds, 3),
        "holds":    run.holds,
        "acts":     [_act(act) for act in run.acts],
        "failure":  None if failure is None else {
            "reason":   failure.reason,
            "cycle":    failure.cycle,
            "stack":    list(failure.stack),
            "transactions": list(failure.transactions),
        },
    }


def _act(act: Act) -> dict[str, Any]:
    return {
        "title":  act.title,
        "since":  act.since,
        "until":  act.until,
        "steps":  [{"text": entry.text, "cycle": entry.cycle}
                   for entry in act.entries if not isinstance(entry, Claim)],
        "claims": [{"text": claim.text, "holds": claim.holds, "cycle": claim.cycle,
                    "detail": claim.detail} for claim in act.claims],
    }
