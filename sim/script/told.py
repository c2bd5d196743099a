"""Runs and comparisons of scripts, told as text."""

from collections.abc import Iterable, Mapping
from typing import Any

from sim.output.text import plain

from .compare import Difference
from .report import Report


__all__ = ["told_differences", "told_run", "told_verdict", "words_of"]


#: Width of a step in a run; one that is longer has its results in the next line.
_WIDTH = 64


def words_of(said: Mapping[str, Any]) -> str:
    """Tell results: ``ret 4, faults 1``."""
    return ", ".join(f"{key} {_word(value)}" for key, value in said.items()
                     if not (key == "faults" and value == 0)) or "done"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value) or '""'


def told_run(report: Report, model: str) -> str:
    """Tell a run, a line for each step, and what was not as expected."""
    script = report.script
    if report.verdict == "left out":
        return f"{plain(script.title)} ({script.name}): left out: {report.reason}\n"
    lines = [f"{plain(script.title)} ({script.name}, on {report.kernel or model})"]
    for step, said, failed in zip(script.steps, report.linux or report.model, report.failed,
                                  strict=True):
        text = plain(str(step))
        gap  = f"\n{'':{_WIDTH + 6}}" if len(text) > _WIDTH else " " * (_WIDTH - len(text))
        lines.append(f"{step.line:4d}  {text}{gap}{words_of(said)}")
        lines += [f"      not as expected: {failure}" for failure in failed]
    return "\n".join(lines) + "\n"


def told_verdict(report: Report, model: str) -> str:
    """Tell what a comparison came to; nothing, if both agree."""
    head = f"{plain(report.script.title)} ({plain(report.name)})"
    if report.verdict == "agree":
        return (f"{head} agrees, though it says: {plain(report.reason)}\n\n" if report.reason
                else "")
    if report.verdict == "left out":
        return f"{head} is left out: {plain(report.reason)}\n\n"
    why = {"explained": f", and says why: {plain(report.reason)}",
           "another Linux": ", but the model does as the Linux on record"}
    return (f"{head} differs{why.get(report.verdict, '')}\n"
            f"{told_differences(report.differences, report.kernel, model)}\n")


def told_differences(found: Iterable[Difference], first: str, other: str) -> str:
    """Tell differences, two lines for each."""
    return "".join(f"  line {one.step.line}: {plain(str(one.step))}\n"
                   f"      {one.key}: {first} {_of(one.first)}, {other} {_of(one.other)}\n"
                   for one in found)


def _of(value: Any) -> str:
    return "nothing" if value is None else _word(value)
