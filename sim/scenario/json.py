"""Runs as one JSON document."""

import json
from collections.abc import Sequence
from typing import Any

from sim.paging.json import as_json as walk_as_json

from .failure import Failure
from .mistakes import Location, Mistake
from .run import Run
from .acts import Act, Claim


__all__ = ["SCHEMA", "act_as_json", "as_json", "mistake_as_json", "run_as_json"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1


def as_json(runs: Sequence[Run], mistakes: Sequence[Mistake] = ()) -> str:
    """Runs as one JSON document, with their mistakes, and those that kept others from running."""
    found = [*mistakes, *(run.mistake for run in runs if run.mistake is not None)]
    return json.dumps({"schema": SCHEMA, "runs": [run_as_json(run) for run in runs],
                       "mistakes": [mistake_as_json(mistake) for mistake in found]},
                      indent=2) + "\n"


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
        "switches": run.switches or None,
        "force_override": run.force_override,
        "ram":      run.ram,
        "schedule": run.schedule,
        "cycles":   run.cycles,
        "counted":  run.counted or None,
        "link":     run.link or None,
        "seconds":  round(run.seconds, 3),
        "holds":    run.holds,
        "acts":     [act_as_json(act) for act in run.acts],
        "failure":  None if failure is None else _failed(failure),
        "mistake":  None if run.mistake is None else mistake_as_json(run.mistake),
    }


def _failed(failure: Failure) -> dict[str, Any]:
    return {
        "reason":       failure.reason,
        "cycle":        failure.cycle,
        "stack":        list(failure.stack),
        "call":         failure.call or None,
        "place":        None if failure.location is None else _location(failure.location),
        "transactions": list(failure.transactions),
    }


def mistake_as_json(mistake: Mistake) -> dict[str, Any]:
    """A mistake as values that JSON has: one of the ``mistakes``."""
    return {**_location(mistake.location), "reason": mistake.reason}


def _location(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "text": location.text}


def act_as_json(act: Act) -> dict[str, Any]:
    """An act as values that JSON has: one of the ``acts`` of a run."""
    return {
        "title":  act.title,
        "since":  act.since,
        "until":  act.until,
        "left_out": act.left_out or None,
        "steps":  [{"text": entry.text, "cycle": entry.cycle}
                   for entry in act.entries if not isinstance(entry, Claim)],
        "claims": [_claim(claim, act.place(claim)) for claim in act.claims],
    }


def _claim(claim: Claim, place: int) -> dict[str, Any]:
    return {
        "text":     claim.text,
        "holds":    claim.holds,
        "cycle":    claim.cycle,
        "place":    place,
        "judged":   claim.judged,
        "detail":   claim.detail,
        "expected": claim.expected or None,
        "linear":   None if claim.linear is None else hex(claim.linear),
        "cpu":      claim.cpu,
        "walk":     None if claim.walk is None else walk_as_json(claim.walk),
    }
