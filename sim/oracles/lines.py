"""Results as lines of JSON, which others can check.

Ref: ``docs/access-vectors.md``, ``docs/oracles.md``.
"""

import json
from typing import Any

from sim.vectors.line import vector_line
from sim.vectors.sequence import SequenceVector
from sim.vectors.vector import Ending, Vector, VectorOutcome

from .steps import UNKNOWN


__all__ = ["result_line"]


def result_line(vector: Vector | SequenceVector, ours: object, theirs: object) -> str:
    """Return the line of a vector with both outcomes; that of a sequence has no vector."""
    line = {"vector": vector_line(vector) if isinstance(vector, Vector) else {"id": vector.id},
            "ours": _outcome(ours), "oracle": _outcome(theirs)}
    return json.dumps(line) + "\n"


def _outcome(outcome: object) -> dict[str, Any]:
    if not isinstance(outcome, VectorOutcome):
        return {"error": str(outcome)}
    return {**_ending(outcome.ending), "entries": list(map(hex, outcome.entries)),
            "before": list(map(_ending, outcome.before))}


def _ending(ending: Ending) -> dict[str, Any]:
    if ending.fault is None:
        return {"fault": None,
                "physical": None if ending.physical == UNKNOWN else hex(ending.physical)}
    if ending.fault == "#PF":
        return {"fault": "#PF", "error_code": hex(ending.error_code), "cr2": hex(ending.cr2)}
    return {"fault": ending.fault}
