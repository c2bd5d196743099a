"""Results of a sweep, as text and as JSON."""

import json
from typing import Any

from sim.output.text import table, wrap

from .block import Difference, words_of
from .rules import CAUSES, Expected
from .run import Result
from .sample import by_rules
from .spaces import CASES, SPACES, Case, number_of
from .tables import layout, line, vector


__all__ = ["Found", "as_json", "as_text"]


#: Version of the JSON.
SCHEMA = 1

#: Causes in words.
_SAID = {"done": "done, no bit set", "done_accessed": "done, A set", "done_dirty": "done, D set"}

#: Ways in which an access ends, by their numbers in :class:`hw.layout.Fault`.
_FAULTS = (None, "#PF", "#GP", "skipped", "bus")


class Found:
    """A difference, as it is told: the case, its outcome by the rules, and that on the unit."""

    def __init__(self, difference: Difference, expected: Expected):
        self.case     = difference.case
        self.number   = number_of(self.case.space, self.case.values)
        self._outcome = difference.outcome
        self._rules   = by_rules(self.case, expected)

    @property
    def rules(self) -> dict[str, Any]:
        """Outcome by the rules."""
        ending = self._rules.ending
        return {"fault": ending.fault, **_ending(ending.fault, ending.error_code, ending.cr2,
                                                 ending.physical),
                "memory": [f"{value:#x}" for value in self._rules.entries]}

    @property
    def unit(self) -> dict[str, Any]:
        """Outcome on the unit."""
        outcome = self._outcome
        fault   = _FAULTS[outcome.fault] if outcome.responded else "no response"
        return {"fault": fault, **_ending(fault, outcome.error, outcome.cr2, outcome.physical),
                "memory": [f"{value:#x}" for value in self._memory]}

    @property
    def _memory(self) -> list[int]:
        """Memory on the unit, as the vector has it: there entries may be half a word."""
        words   = words_of(layout(self.case.space))
        entries = [address for address, _ in vector(self.case).entries]
        size    = layout(self.case.space).slots[0].size
        return [self._outcome.cells[words[address // 8]] >> 8 * (address % 8)
                & (1 << 8 * size) - 1 for address in entries]


def _ending(fault: str | None, error: int, cr2: int, physical: int) -> dict[str, str | None]:
    """Numbers of an ending; None for those that it has not."""
    return {"error_code": f"{error:#x}" if fault == "#PF" else None,
            "cr2":        f"{cr2:#x}" if fault == "#PF" else None,
            "physical":   f"{physical:#x}" if fault is None else None}


def as_text(result: Result, found: Found | None, seconds: float) -> str:
    """All that is known, in paragraphs."""
    cases = result.stop - result.first
    lines = wrap(f"Cases {result.first:,} to {result.stop - 1:,} of {CASES:,}: {cases:,}, in "
                 f"{seconds:.1f} s.", "")
    lines += ["", *table([("ends by", "cases"), *(
        (_SAID.get(cause, cause.replace("_", " ")), f"{count:,}")
        for cause, count in zip(CAUSES, _totals(result), strict=True) if count)],
        indent="  ").splitlines(), ""]
    if result.differences:
        lines += wrap(f"The unit ends {result.differences:,} of them otherwise than the rules say.",
                      "")
    else:
        lines += wrap("The unit ends all of them as the rules say.", "")
    wrong = len(result.wrong)
    lines += wrap(f"Of {result.drawn:,} that were drawn, the golden model ends "
                  + (f"{wrong:,} otherwise than the rules say, first number {result.wrong[0]}."
                     if wrong else "all as the rules say."), "")
    if found is not None:
        lines += ["", *wrap(f"The smallest is number {found.number}, {found.case.space.name}: "
                            f"{_conditions(found.case)}.", ""),
                  f"  by the rules  {json.dumps(found.rules)}",
                  f"  on the unit   {json.dumps(found.unit)}",
                  "For `dragoncage access`:", line(found.number, found.case)]
    return "".join(f"{text}\n" for text in lines)


def as_json(result: Result, found: Found | None) -> dict[str, Any]:
    """All that is known, as one object."""
    return {
        "schema":      SCHEMA,
        "first":       result.first,
        "stop":        result.stop,
        "cases":       CASES,
        "causes":      dict(zip(CAUSES, _totals(result), strict=True)),
        "spaces":      {space.name: sum(counts)
                        for space, counts in zip(SPACES, result.causes, strict=True)},
        "differences": result.differences,
        "drawn":       result.drawn,
        "wrong":       result.wrong,
        "smallest":    None if found is None else {
            "number":     found.number,
            "space":      found.case.space.name,
            "conditions": dict(found.case.values),
            "rules":      found.rules,
            "unit":       found.unit,
            "vector":     line(found.number, found.case),
        },
    }


def _totals(result: Result) -> list[int]:
    return [sum(counts) for counts in zip(*result.causes, strict=True)]


def _conditions(case: Case) -> str:
    return ", ".join(f"{name} {value}" for name, value in case.values.items())
