"""Findings about a script, and their JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .compare import Difference
from .script import Script


__all__ = ["SCHEMA", "Report", "Said", "as_json"]


#: Version of the JSON.
SCHEMA = 1

#: Results of each step.
Said = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Report:
    """One script, played on one kernel or on both.

    Attributes
    ----------
    name : :class:`str`
        Its file; "" if it is random.
    script : :class:`.script.Script`
        The script.
    verdict : :class:`str`
        Played: "expected" or "unexpected". Compared: "agree", "differ". In both, of the model:
        "explained", if the script says why. "another Linux", if the model does as the Linux on
        record. Or "left out".
    reason : :class:`str`
        Why it is left out, or the script's own reason for a difference.
    model, linux : sequence of mappings
        Results of each step; empty if it was not played there.
    kernel : :class:`str`
        The Linux, as it names itself.
    failed : sequence
        Failed expectations of each step; empty if none were judged, or the two kernels differ.
    differences : sequence of :class:`.compare.Difference`
        What differs.
    source : :class:`str`
        The script itself, if it is random.
    """

    name:        str
    script:      Script
    verdict:     str
    reason:      str = ""
    model:       Said = ()
    linux:       Said = ()
    kernel:      str = ""
    failed:      Sequence[Sequence[str]]  = ()
    differences: Sequence[Difference]     = ()
    source:      str = ""


def as_json(reports: Sequence[Report], *, engine: str, era: str,
            random: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the document of a command; ``random`` is what random scripts were drawn from."""
    return {"schema": SCHEMA, "engine": engine, "era": era, "random": random, "scripts": [
        {"script": one.name, "title": one.script.title, "verdict": one.verdict,
         "reason": one.reason, "switches": str(one.script.switches) or None,
         "linux": one.kernel, "source": one.source,
         "steps": [_step(one, number) for number in range(len(one.script.steps))]}
        for one in reports]}


def _step(report: Report, number: int) -> dict[str, Any]:
    step = report.script.steps[number]
    return {"line": step.line, "step": str(step),
            "model": dict(report.model[number]) if report.model else {},
            "linux": dict(report.linux[number]) if report.linux else {},
            "failed": list(report.failed[number]) if report.failed else [],
            "differ": [one.key for one in report.differences if one.step is step]}
