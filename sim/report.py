"""What a run showed: for a terminal, and as JSON."""

import json
import os
import textwrap
from collections.abc import Sequence
from typing import Any, TextIO

from .scenario import Run
from .stage import Act, Claim


__all__ = ["SCHEMA", "as_json", "as_text", "wants_colour"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

WIDTH = 80  # columns

#: Faults on the link to a board, by their names in :class:`sim.link.traffic.Traffic`.
_FAULTS = {
    "repeated": "{:,} frames sent again",
    "broken":   "{:,} came broken",
    "unwanted": "{:,} came twice or too late",
    "echoed":   "{:,} came back",
}

_COLOURS = {"ok": "32", "FAILED": "1;31", "title": "1"}


def wants_colour(stream: TextIO) -> bool:
    """Whether text for ``stream`` may be coloured: on a terminal, without NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def as_text(run: Run, *, colour: bool = False) -> str:
    """A run in lines of 80 columns at most."""
    def paint(name: str, text: str) -> str:
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if colour else text

    lines = [paint("title", line) for line in _wrap(f"{run.scenario}: {run.title}", "", "  ")]
    lines.append(f"{run.mode} paging, kernel {run.era}, on {run.engine}, "
                 f"{f'preset {run.preset}' if run.preset else 'a unit of its own'}")
    for number, act in enumerate(run.acts, 1):
        lines += ["", *(paint("title", line) for line in _wrap(act.title, f"{number}. ", "   "))]
        if act.left_out:
            lines += _wrap(f"not shown: {act.left_out}", "   ")
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
    lines += ["", _shown(run), *_counted(run), *_link(run),
              _summary(run, paint("ok" if run.holds else "FAILED",
                                  "ok" if run.holds else "FAILED"))]
    return "\n".join(lines) + "\n"


def as_json(runs: Sequence[Run]) -> str:
    """Runs as one JSON document."""
    return json.dumps({"schema": SCHEMA, "runs": [_run(run) for run in runs]}, indent=2) + "\n"


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


def _shown(run: Run) -> str:
    """Which acts the unit could show."""
    shown = [str(number) for number, act in enumerate(run.acts, 1) if not act.left_out]
    if len(shown) == len(run.acts):
        return f"shown: all {len(shown)} acts" if len(shown) != 1 else "shown: the only act"
    return f"shown: acts {', '.join(shown)} of {len(run.acts)}"


def _counted(run: Run) -> list[str]:
    """What a board has counted."""
    said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in run.counted.items())
    return _wrap(f"counted there: {said}", "", "   ") if said else []


def _link(run: Run) -> list[str]:
    """Faults on the link to a board."""
    wrong = ", ".join(text.format(run.link[name]) for name, text in _FAULTS.items()
                      if run.link.get(name))
    return _wrap(f"the serial link: {wrong}", "", "   ") if wrong else []


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
        "preset":   run.preset,
        "schedule": run.schedule,
        "cycles":   run.cycles,
        "counted":  run.counted or None,
        "link":     run.link or None,
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
        "left_out": act.left_out or None,
        "steps":  [{"text": entry.text, "cycle": entry.cycle}
                   for entry in act.entries if not isinstance(entry, Claim)],
        "claims": [{"text": claim.text, "holds": claim.holds, "cycle": claim.cycle,
                    "detail": claim.detail} for claim in act.claims],
    }
