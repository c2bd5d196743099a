"""A vector as the object of its line.

Ref: ``docs/access-vectors.md``.
"""

from typing import Any

from .sequence import (
    AccessStep, InvlpgStep, InvpcidStep, SequenceVector, Step, StoreStep, WriteStep,
)
from .vector import KINDS, Vector, VectorStep


__all__ = ["sequence_line", "vector_line"]


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


def _access(step: VectorStep) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": step.kind, "linear": hex(step.linear), "size": step.size}
    return line | ({"implicit": 1} if step.implicit else {})


def sequence_line(vector: SequenceVector) -> dict[str, Any] | None:
    """Return a vector of version 2 as the object of its line; None if a line cannot have it."""
    steps = [_step(step) for step in vector.steps]
    if None in steps:
        return None
    line: dict[str, Any] = {"version": 2, "id": vector.id}
    line |= {name: hex(getattr(vector, name)) for name in ("cr0", "cr3", "cr4", "efer")}
    line |= {name: hex(value) for name in ("pkru", "pkrs") if (value := getattr(vector, name))}
    return line | {
        "maxphyaddr": vector.maxphyaddr, "ac": 0, "cpl": 0, "steps": steps,
        "entries": [[hex(address), hex(value)] for address, value in vector.entries]}


def _step(step: Step) -> dict[str, Any] | None:
    """A step of a sequence; None for one that no line has."""
    match step:
        case AccessStep():
            if step.kind not in KINDS:
                return None
            return {"op": "access", "kind": step.kind, "linear": hex(step.linear),
                    "size": step.size, "implicit": step.implicit, "cpl": step.cpl,
                    "ac": step.ac, "data": hex(step.data)}
        case StoreStep(address, size, value):
            return {"op": "store", "address": hex(address), "size": size, "value": hex(value)}
        case InvlpgStep(linear):
            return {"op": "invlpg", "linear": hex(linear)}
        case InvpcidStep(kind, pcid, linear):
            return {"op": "invpcid", "type": kind, "pcid": hex(pcid), "linear": hex(linear)}
        case WriteStep(register, value):
            return {"op": "write", "register": register.value, "value": hex(value)}
        case _:
            return None
