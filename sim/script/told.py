"""Runs and comparisons of scripts, told as text."""

from collections.abc import Iterable, Mapping
from typing import Any

from sim.output.text import columns, plain, wrap

from .compare import Difference
from .report import Report


__all__ = ["told_differences", "told_run", "told_verdict", "words_of"]


#: Columns before a step's results, which are in the next line if they find no room behind it.
_WIDTH = 48


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
        return _lines(f"{script.title} ({script.name}): left out: {report.reason}")
    switches = f" with {script.switches}" if script.switches.values else ""
    lines = wrap(f"{script.title} ({script.name}, on {report.kernel or model}{switches})", "",
                 "  ")
    if report.reason:
        lines += wrap(f"otherwise than Linux: {report.reason}", "  ")
    for step, said, failed in zip(script.steps, report.linux or report.model, report.failed,
                                  strict=True):
        lines += _told_step(f"{step.line:4d}  {plain(str(step))}", words_of(said))
        for failure in failed:
            lines += wrap(f"not as expected: {failure}", " " * 6, " " * 8)
    return "\n".join(lines) + "\n"


def _told_step(step: str, results: str) -> list[str]:
    """Tell a step and its results in one line, if there is room."""
    line = f"{step:{_WIDTH}}  {results}"
    if len(line) <= columns():
        return [line]
    return [*wrap(step[6:], step[:6], " " * 8), *wrap(results, " " * 10)]


def told_verdict(report: Report, model: str) -> str:
    """Tell what a comparison came to; nothing, if both agree."""
    head = f"{report.script.title} ({report.name})"
    if report.verdict == "agree":
        return _told_agreement(report, head)
    if report.verdict == "left out":
        return _lines(f"{head} is left out: {report.reason}") + "\n"
    why = {"explained": f", and says why: {report.reason}",
           "another Linux": ", but the model does as the Linux on record"}
    return (_lines(f"{head} differs{why.get(report.verdict, '')}")
            + told_differences(report.differences, report.kernel, model) + "\n")


def _told_agreement(report: Report, head: str) -> str:
    """Tell what nobody would think who hears that both agree; else nothing."""
    if report.reason:
        return _lines(f"{head} agrees, though it says: {report.reason}") + "\n"
    if not any(report.failed):
        return ""
    return (_lines(f"{head} agrees, but both do otherwise than it expects") + "".join(
        _lines(f"line {step.line}: {failure}", "  ")
        for step, failed in zip(report.script.steps, report.failed, strict=True)
        for failure in failed) + "\n")


def told_differences(found: Iterable[Difference], first: str, other: str) -> str:
    """Tell differences, two lines for each."""
    return "".join(
        _lines(f"line {one.step.line}: {one.step}", "  ")
        + _lines(f"{one.key}: {first} {_of(one.first)}, {other} {_of(one.other)}", " " * 6)
        for one in found)


def _lines(text: str, indent: str = "") -> str:
    return "".join(f"{line}\n" for line in wrap(text, indent, indent + "  "))


def _of(value: Any) -> str:
    return "nothing" if value is None else _word(value)
