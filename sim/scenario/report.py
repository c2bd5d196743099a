"""Report of a run: for a terminal, and as JSON."""

import json
import os
from collections.abc import Sequence
from typing import Any, TextIO

from sim.output.text import wrap

from .failure import Failure
from .mistakes import Location, Mistake
from .run import Run
from .stage import Act, Claim


__all__ = ["SCHEMA", "as_json", "as_text", "run_as_json", "wants_colour"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

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
    """A run in lines of 80 columns at most."""
    def paint(name: str, text: str) -> str:
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if colour else text

    lines = [paint("title", line) for line in wrap(f"{run.scenario}: {run.title}", "", "  ")]
    lines.append(f"{run.mode} paging, kernel {run.era}, on {run.engine}, "
                 f"{f'preset {run.preset}' if run.preset else 'a unit of its own'}, "
                 f"{_size(run.ram)} of memory")
    for number, act in enumerate(run.acts, 1):
        lines += ["", *(paint("title", line) for line in wrap(act.title, f"{number}. ", "   "))]
        if act.left_out:
            lines += wrap(f"not shown: {act.left_out}", "   ")
        for entry in act.entries:
            if isinstance(entry, Claim):
                word  = "ok" if entry.holds else "FAILED"
                first, *rest = wrap(f"{entry.text} {_proof(entry)}", " " * 10)
                lines += [f"   {paint(word, f'{word:6}')} {first.lstrip()}", *rest]
                if entry.expected and not entry.holds:
                    lines += wrap(f"expected: {entry.expected}", " " * 10, " " * 12)
            else:
                lines += wrap(entry.text, "   - ", "     ")
    if run.failure is not None:
        lines += ["", *_failure(run.failure, paint("STOPPED", "STOPPED"))]
    if run.schedule and not run.holds:
        lines += ["", *wrap(f"schedule: {run.schedule}", "", "   ")]
    word   = ("MISTAKE" if run.mistake else "STOPPED" if run.failure else
              "ok" if run.holds else "FAILED")
    lines += ["", *_shown(run), *_counted(run), *_link(run), _summary(run, paint(word, word))]
    if run.mistake is not None:
        lines += wrap(f"the scenario has a mistake: {run.mistake}", "", "   ")
    return "\n".join(lines) + "\n"


def as_json(runs: Sequence[Run], mistakes: Sequence[Mistake] = ()) -> str:
    """Runs as one JSON document, with their mistakes, and those that kept others from running."""
    found = [*mistakes, *(run.mistake for run in runs if run.mistake is not None)]
    return json.dumps({"schema": SCHEMA, "runs": [run_as_json(run) for run in runs],
                       "mistakes": [_mistake(mistake) for mistake in found]}, indent=2) + "\n"


def run_as_json(run: Run) -> dict[str, Any]:
    """A run as values that JSON has: one of the ``runs`` of :func:`as_json`."""
    failure = run.failure
    return {
        "scenario": run.scenario,
        "title":    run.title,
        "mode":     run.mode,
        "engine":   run.engine,
        "era":      run.era,
        "preset":   run.preset,
        "ram":      run.ram,
        "schedule": run.schedule,
        "cycles":   run.cycles,
        "counted":  run.counted or None,
        "link":     run.link or None,
        "seconds":  round(run.seconds, 3),
        "holds":    run.holds,
        "acts":     [_act(act) for act in run.acts],
        "failure":  None if failure is None else _failed(failure),
        "mistake":  None if run.mistake is None else _mistake(run.mistake),
    }


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
    return [f"shown: acts {', '.join(shown)} of {len(run.acts)}"]


def _counted(run: Run) -> list[str]:
    """A line on what a board has counted."""
    said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in run.counted.items())
    return wrap(f"counted there: {said}", "", "   ") if said else []


def _link(run: Run) -> list[str]:
    """A line on faults of the link to a board."""
    wrong = ", ".join(text.format(run.link[name]) for name, text in _FAULTS.items()
                      if run.link.get(name))
    return wrap(f"the serial link: {wrong}", "", "   ") if wrong else []


def _summary(run: Run, word: str) -> str:
    failed = sum(not claim.holds for claim in run.claims)
    total  = len(run.claims)
    rate   = run.cycles / run.seconds if run.seconds else 0
    return (f"{word}: {total - failed} of {total} claims hold; "
            f"{run.cycles:,} cycles in {run.seconds:.1f} s ({rate:,.0f} cycles/s)")


def _failed(failure: Failure) -> dict[str, Any]:
    return {
        "reason":       failure.reason,
        "cycle":        failure.cycle,
        "stack":        list(failure.stack),
        "call":         failure.call or None,
        "place":        None if failure.location is None else _location(failure.location),
        "transactions": list(failure.transactions),
    }


def _mistake(mistake: Mistake) -> dict[str, Any]:
    return {**_location(mistake.location), "reason": mistake.reason}


def _location(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "text": location.text}


def _act(act: Act) -> dict[str, Any]:
    return {
        "title":  act.title,
        "since":  act.since,
        "until":  act.until,
        "left_out": act.left_out or None,
        "steps":  [{"text": entry.text, "cycle": entry.cycle}
                   for entry in act.entries if not isinstance(entry, Claim)],
        "claims": [_claim(claim) for claim in act.claims],
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "text":     claim.text,
        "holds":    claim.holds,
        "cycle":    claim.cycle,
        "detail":   claim.detail,
        "expected": claim.expected or None,
    }
