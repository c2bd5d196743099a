"""Lines of JSON: vectors, and results that others can check.

Ref: ``docs/access-vectors.md``, ``docs/oracles.md``.
"""

import json
from typing import Any

from sim.vectors.sequence import SequenceVector
from sim.vectors.vector import Ending, Vector, VectorOutcome, VectorStep

from .steps import UNKNOWN


__all__ = ["result_line", "vector_line"]


def vector_line(vector: Vector) -> dict[str, Any]:
    """Return a vector as the object of its line."""
    line: dict[str, Any] = {"id": vector.id}
    line |= {name: hex(getattr(vector, name)) for name in ("cr0", "cr3", "cr4", "efer")}
    line |= {name: hex(value) for name in ("pkru", "pkrs") if (value := getattr(vector, name))}
    line |= {"maxphyaddr": vector.maxphyaddr, "cpl": vector.access.cpl, "ac": vector.access.ac,
             "access": _access(vector.access),
             "entries": [[hex(address), hex(value)] for address, value in vector.entries]}
    if vector.before is not None:
        line["before"] = [_access(step) | {"cpl": step.cpl, "ac": step.ac}
                          for step in vector.before]
    return line


def result_line(vector: Vector | SequenceVector, ours: object, theirs: object) -> str:
    """Return the line of a vector with both outcomes; that of a sequence has no vector."""
    line = {"vector": vector_line(vector) if isinstance(vector, Vector) else {"id": vector.id},
            "ours": _outcome(ours), "oracle": _outcome(theirs)}
    return json.dumps(line) + "\n"


def _access(step: VectorStep) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": step.kind, "linear": hex(step.linear), "size": step.size}
    return line | ({"implicit": 1} if step.implicit else {})


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
