"""Decisions of the unit in all reduced states, as a table for the page's explorer.

Whether an access is done, and its error code, is what the gateware did; the golden model, which
agrees with it, names the reasons. ``python -m sim.page`` makes the table anew.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.golden.permission import Refusal, Rights, refusals
from sim.golden.state import ControlState, Features
from sim.paging.decision import CONTROLS_OF, ENTRY_BITS
from sim.paging.walk import ATTEMPTS
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.sequence import AnyOutcome
from sim.vectors.vector import VectorOutcome

from .numbered import Numbered
from .reduced import CONTROLS, FIRSTS, Reduced, all_reduced, vector


__all__ = ["FILE", "decisions"]


#: The table, as it comes with the project.
FILE = Path(__file__).parent / "built" / "decisions.json"

#: Answer for a state that cannot be: a translation in the TLB that no walk could have made.
IMPOSSIBLE = "impossible"


def decisions(engine: str) -> dict[str, Any]:
    """The table, made on an engine of :data:`sim.vectors.engines.VECTOR_ENGINES`.

    ``table`` has a byte for each state, base64: the number of its answer. States are in the order
    of ``dimensions``, the last of which changes fastest.
    """
    states  = list(all_reduced())
    answers = Numbered[str](json.dumps(IMPOSSIBLE))
    numbers = [answers.number(json.dumps(answer)) for answer in _answers(states, engine)]
    return {
        "dimensions": [
            ["first", list(FIRSTS)],
            *([name, [0, 1]] for name in ("R/W", "U/S", "XD", *CONTROLS)),
            ["attempt", list(ATTEMPTS)], ["hit", [0, 1]]],
        "answers": [json.loads(answer) for answer in answers.things],
        "table":   base64.b64encode(bytes(numbers)).decode("ascii"),
    }


def _answers(states: Sequence[Reduced], engine: str) -> list[Any]:
    runner  = VECTOR_ENGINES[engine]()
    reasons = [_reasons(state) for state in states]
    vectors = [vector(state, may=not found) for state, found in zip(states, reasons, strict=True)]
    ended: list[AnyOutcome | str] = []
    for start in range(0, len(vectors), runner.batch):
        ended += runner.run(vectors[start:start + runner.batch])
    return [_answer(*each) for each in zip(states, reasons, ended, strict=True)]


def _answer(state: Reduced, reasons: Sequence[Refusal], outcome: AnyOutcome | str) -> Any:
    """End of the access, the first reason, and all others."""
    assert isinstance(outcome, VectorOutcome), outcome
    if state.hit and outcome.before[0].fault is not None:
        return IMPOSSIBLE
    ending = outcome.ending
    assert (ending.fault is None) is (not reasons), (state, outcome)
    if not reasons:
        return {"done": True}
    first, *also = map(_told, reasons)
    return {"done": False, "error_code": ending.error_code, **first, "also": also}


def _told(reason: Refusal) -> dict[str, Any]:
    """A reason, with the bits that decide it."""
    return {"reason": reason.text, "rule": reason.rule, "section": reason.section,
            "bit": ENTRY_BITS[reason], "controls": list(CONTROLS_OF.get(reason, ()))}


def _reasons(state: Reduced) -> Sequence[Refusal]:
    """Reasons of the golden model; none if the access is done."""
    asked   = vector(state, may=False)
    control = ControlState(machine=Features(), cr0=asked.cr0, cr3=asked.cr3, cr4=asked.cr4,
                           efer=asked.efer, ac=bool(asked.access.ac))
    if state.first == "missing":
        return [Refusal.NOT_PRESENT]
    if state.first == "malformed" or state.execute_disable and not control.no_execute:
        return [Refusal.RESERVED]
    rights = Rights(state.writable, state.user, state.execute_disable)
    return list(refusals(control, rights, ATTEMPTS[state.attempt]))
