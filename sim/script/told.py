"""Runs and comparisons of scripts, told as text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim.output.text import plain

from .compare import Difference
from .outcome import Outcome
from .script import Script


__all__ = ["told_differences", "told_run", "words_of"]


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


def told_run(script: Script, outcomes: Sequence[Outcome], where: str) -> str:
    """Tell a run, a line for each step, and what was not as expected."""
    lines = [f"{plain(script.title)} ({script.name}, on {where})"]
    for step, outcome in zip(script.steps, outcomes, strict=True):
        text = plain(str(step))
        gap  = f"\n{'':{_WIDTH + 6}}" if len(text) > _WIDTH else " " * (_WIDTH - len(text))
        lines.append(f"{step.line:4d}  {text}{gap}{words_of(outcome.said)}")
        lines += [f"      not as expected: {failure}" for failure in outcome.failed]
    return "\n".join(lines) + "\n"


def told_differences(found: Iterable[Difference], first: str, other: str) -> str:
    """Tell differences, two lines for each."""
    return "".join(f"  line {one.step.line}: {plain(str(one.step))}\n"
                   f"      {one.key}: {first} {_of(one.first)}, {other} {_of(one.other)}\n"
                   for one in found)


def _of(value: Any) -> str:
    return "nothing" if value is None else _word(value)
