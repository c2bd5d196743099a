"""A vector of version 1 as the object of its line.

Ref: ``docs/access-vectors.md``.
"""

from typing import Any

from .vector import Vector, VectorStep


__all__ = ["vector_line"]


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
