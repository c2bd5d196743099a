"""Comparison of two runs of a script, step by step.

What only one kernel tells is not compared: a host tells nothing of the dirty bit, and frames to
root only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .script import Script, Step


__all__ = ["Difference", "differences"]


#: Results that every kernel tells, where there are any.
_ALWAYS = frozenset(("ret", "errno", "value", "data", "signal", "code", "error_code", "address",
                     "status", "child", "killed", "stopped", "waits", "hangs", "signals"))

_NOT_KNOWN = "not known"


class Difference(NamedTuple):
    """A result of one step that differs. A kernel that has none has None."""

    step:  Step
    key:   str
    first: Any
    other: Any


def differences(script: Script, first: Sequence[Mapping[str, Any]],
                other: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Compare the results of two runs."""
    return [Difference(step, key, one.get(key), two.get(key))
            for step, one, two in zip(script.steps, first, other, strict=True)
            for key in _compared(one, two) if one.get(key) != two.get(key)]


def _compared(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[str]:
    """Results to compare, in the order of the first run."""
    return [key for key in dict.fromkeys((*one, *two))
            if (key in _ALWAYS or key in one and key in two)
            and _NOT_KNOWN not in (one.get(key), two.get(key))]
