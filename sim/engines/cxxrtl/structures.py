"""Structures that C++ and Python share, from one description: that of :mod:`ctypes`.

From a :class:`ctypes.Structure` follow its text in C++, with assertions that a compiler sees every
member where Python does, and the formats of :mod:`struct` by which Python reads and writes some of
its members together, of one structure or of an array: that is faster than one by one.
"""

import ctypes
from collections.abc import Iterable, Iterator
from struct import Struct, calcsize
from typing import Any


__all__ = ["Byte", "Flag", "Number", "Signed", "Word", "declaration", "elements", "members"]


Flag   = ctypes.c_bool
Byte   = ctypes.c_uint8
Word   = ctypes.c_uint32
Number = ctypes.c_uint64
Signed = ctypes.c_int64

#: Types of members: in C++, and as a format of :mod:`struct`.
_TYPES = {Flag: ("bool", "?"), Byte: ("uint8_t", "B"), Word: ("uint32_t", "I"),
          Number: ("uint64_t", "Q"), Signed: ("int64_t", "q")}

#: A structure or a union.
_Compound = type[ctypes.Structure] | type[ctypes.Union]


def declaration(*structures: type[ctypes.Structure]) -> str:
    """Text of a C++ header with ``structures``; members that are structures come before theirs."""
    lines = ["#pragma once", "", "#include <cstddef>", "#include <cstdint>"]
    for structure in structures:
        name = structure.__name__
        lines += ["", f"struct {name} {{", *_declared(structure), "};",
                  f"static_assert(sizeof({name}) == {ctypes.sizeof(structure)});"]
        lines += [f"static_assert(offsetof({name}, {member}) == {offset});"
                  for member, offset, kind in _located(structure) if kind in _TYPES]
    return "\n".join(lines) + "\n"


def members(structure: type[ctypes.Structure], *names: str) -> Struct:
    """Format of the members called ``names``, which are in the order of the structure.

    It begins at the structure's first byte. What is between the members is skipped, or written over
    with zeros. A member of a member is called ``OUTER.INNER``; one that is an array is its bytes.
    """
    return Struct(_format(structure, names))


def elements(structure: type[ctypes.Structure], *names: str) -> Struct:
    """Format of the same members in each element of an array of structures."""
    code = _format(structure, names)
    return Struct(f"{code}{ctypes.sizeof(structure) - calcsize(code)}x")


def _format(structure: type[ctypes.Structure], names: Iterable[str]) -> str:
    """Native sizes, which are read fastest; every gap is there, so that nothing is aligned."""
    found = {member: (offset, kind) for member, offset, kind in _located(structure)}
    parts = "@"
    for name in names:
        offset, kind = found[name]
        end = calcsize(parts)
        if offset < end:
            raise ValueError(f"{name} comes before the end of the members before it")
        parts += f"{offset - end}x{_code(kind)}"
    return parts


def _code(kind: Any) -> str:
    return f"{ctypes.sizeof(kind)}s" if issubclass(kind, ctypes.Array) else _TYPES[kind][1]


def _declared(structure: _Compound) -> Iterator[str]:
    """Lines of C++ for the members."""
    for name, kind in _fields(structure):
        if name in getattr(structure, "_anonymous_", ()):
            yield "union {"
            yield from _declared(kind)
            yield "};"
        elif issubclass(kind, ctypes.Array):
            yield f"{_TYPES[kind._type_][0]} {name}[{kind._length_}];"
        else:
            yield f"{_TYPES[kind][0] if kind in _TYPES else kind.__name__} {name};"


def _located(structure: _Compound, prefix: str = "", base: int = 0,
             ) -> Iterator[tuple[str, int, Any]]:
    """All members, and theirs: name, offset in bytes, type."""
    for name, kind in _fields(structure):
        offset = base + getattr(structure, name).offset
        if name in getattr(structure, "_anonymous_", ()):
            yield from _located(kind, prefix, offset)
            continue
        yield prefix + name, offset, kind
        if issubclass(kind, ctypes.Structure):
            yield from _located(kind, f"{prefix}{name}.", offset)


def _fields(structure: _Compound) -> Iterable[tuple[str, Any]]:
    return [(name, kind) for name, kind, *_ in structure._fields_]
