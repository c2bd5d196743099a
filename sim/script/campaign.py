"""Campaigns of random scripts, compared with this machine's Linux."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .compare import Difference, differences
from .generator import FILES, STEPS, steps_of
from .parser import parse
from .model import on_model
from .runs import on_linux
from .script import Script, ScriptError
from .shrink import shrunk
from .toml import script_text


__all__ = ["Finding", "campaign"]


#: Differences that are known: step and result, Linux's and the model's.
_KNOWN: Mapping[tuple[str, str, Any, Any], str] = {
    ("mremap", "errno", "EINVAL", "EFAULT"):
        "since 6.17 the ranges are checked before the mapping is looked for",
    ("mremap", "errno", None, "EFAULT"):
        "since 6.17 several mappings are moved at once",
    ("vmsplice", "errno", None, "EFAULT"):
        "the look at the tables without a lock, which is left out, asks for no right to read",
}

Steps = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Finding:
    """A random script that differs, shrunk.

    Attributes
    ----------
    text : :class:`str`
        The script.
    differences : :class:`list` of :class:`.compare.Difference`
        What differs in it.
    """

    text:        str
    differences: list[Difference]


def campaign(operations: int, seed: int, *, engine: str, era: str,
             played: Callable[[int], None] = lambda count: None) -> list[Finding]:
    """Play random scripts of so many steps together, on the model and on Linux.

    ``played`` is told how many have been. A script that differs once only, as this machine has
    other work to do, is no finding. Raises :class:`sim.errors.Unavailable`.
    """
    findings = []
    for number in range(-(-operations // STEPS)):
        steps = steps_of(f"{seed}/{number}")
        title = f"Random script {number} from the seed {seed}"
        kind  = _kind(_compare(title, steps, engine, era))
        if kind is not None and kind == _kind(_compare(title, steps, engine, era)):
            findings.append(_finding(title, steps, kind, engine, era))
        played((number + 1) * STEPS)
    return findings


def _finding(title: str, steps: Steps, kind: tuple[str, str], engine: str, era: str) -> Finding:
    """Shrink a script whose first difference is of that kind."""
    def differs(fewer: Steps) -> bool:
        try:
            return _kind(_compare(title, fewer, engine, era)) == kind
        except ScriptError:
            return False  # a name is missing now

    least = shrunk(steps, differs)
    return Finding(script_text(title, FILES, least), _compare(title, least, engine, era))


def _kind(found: Sequence[Difference]) -> tuple[str, str] | None:
    """The step and the result, which tell one difference from another."""
    return (found[0].step.do, found[0].key) if found else None


def _is_known(one: Difference) -> bool:
    """Tell whether the reason is known. Behind memory that may be read, too, vmsplice() goes on on
    Linux, and is short on the model."""
    if (one.step.do, one.key) == ("vmsplice", "ret") and None not in (one.first, one.other):
        return bool(one.first > one.other)
    return (one.step.do, one.key, one.first, one.other) in _KNOWN


def _compare(title: str, steps: Steps, engine: str, era: str) -> list[Difference]:
    script = _script(title, steps)
    found  = differences(script, [outcome.said for outcome in on_linux(script)],
                         [outcome.said for outcome in on_model(script, engine=engine, era=era)])
    for number, one in enumerate(found):
        if _is_known(one):
            # What follows is of two states.
            return [other for other in found[:number] if other.step is not one.step]
    return found


def _script(title: str, steps: Steps) -> Script:
    return parse(script_text(title, FILES, steps), title, title)
