"""Campaigns of random scripts, compared with this machine's Linux."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sw.mm.mmap.unmapped_area import mmap_min_addr

from .compare import Difference, differences
from .generator import STEPS, steps_of
from .parser import parse
from .model import on_model
from .runs import on_linux
from .scene import FILES
from .script import MAKERS, Script, ScriptError
from .shrink import shrunk
from .toml import script_text


__all__ = ["Finding", "campaign"]


#: Differences that are known: step and result, Linux's and the model's.
_KNOWN: Mapping[tuple[str, str, Any, Any], str] = {
    ("mremap", "errno", "EINVAL", "EFAULT"):
        "since 6.17 the ranges are checked before the mapping is looked for",
    ("mremap", "errno", None, "EFAULT"):
        "since 6.17 several mappings are moved at once",
    ("madvise", "errno", None, "EOPNOTSUPP"):
        "a disk's file system makes holes, and ramfs does not",
}

#: How often a script that differs is played again before that is a finding.
AGAIN = 2

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

    ``played`` is told how many have been. A script that differs now and then only, as this machine
    has other work to do, is no finding. Raises :class:`sim.errors.Unavailable`.
    """
    findings = []
    for number in range(-(-operations // STEPS)):
        steps = steps_of(f"{seed}/{number}")
        title = f"Random script {number} from the seed {seed}"
        kind  = _kind(_compare(title, steps, engine, era))
        if kind is not None and all(kind == _kind(_compare(title, steps, engine, era))
                                    for _ in range(AGAIN)):
            findings += _finding(title, steps, kind, engine, era)
        played((number + 1) * STEPS)
    return findings


def _finding(title: str, steps: Steps, kind: tuple[str, str], engine: str,
             era: str) -> list[Finding]:
    """Shrink a script whose first difference is of that kind. None if that does not come again."""
    def differs(fewer: Steps) -> bool:
        made = {"a", *(step.get("as") for step in fewer if step["do"] in MAKERS)}
        try:
            # Who is not made by another would begin by itself, with memory elsewhere.
            return (made >= {step["who"] for step in fewer}
                    and _kind(_compare(title, fewer, engine, era)) == kind)
        except ScriptError:
            return False  # a name is missing now

    least = shrunk(steps, differs)
    found = _compare(title, least, engine, era)
    return [Finding(script_text(title, FILES, least), found)] if found else []


def _kind(found: Sequence[Difference]) -> tuple[str, str] | None:
    """The step and the result, which tell one difference from another."""
    return (found[0].step.do, found[0].key) if found else None


def _is_known(one: Difference) -> bool:
    """Tell whether the reason is known. vm.mmap_min_addr of this machine may be less, too."""
    if one.step.do in ("mmap", "mremap") and (one.key, one.other) == ("ret", None):
        return str(one.first).startswith("0x") and int(one.first, 16) < mmap_min_addr
    return (one.step.do, one.key, one.first, one.other) in [*_KNOWN]  # signals are a list


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
