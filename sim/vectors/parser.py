"""Parser of lines: one pass over the JSON, with a complaint that names the key for every rule.

What a line has many of is checked together, numbers in hex above all: one match of a regular
expression is faster than one of each. Only where that fails is the wrong one looked for.

Ref: ``docs/access-vectors.md``.
"""

from typing import Any

from .checks import (
    FLAG, RING, SIZE, Invalid, check, check_keys, check_width, entries, hexadecimals,
    identifier, json_value, key_register, one_hexadecimal, one_of, one_of_names, ordered_keys,
    pairs_of, physical_width,
)
from .sequence import SequenceVector
from .sequence_parser import sequence_vector
from .vector import KINDS, Vector, VectorStep, entry_size


__all__ = ["MalformedLine", "parse"]


#: Keys that must be there, and all that may be: of a line, of its access, and of one before that.
_LINE_REQUIRED   = ordered_keys("id", "cr0", "cr3", "cr4", "efer", "ac", "cpl", "access", "entries")
_LINE_KEYS       = _LINE_REQUIRED | {"pkru", "pkrs", "maxphyaddr", "before"}
_ACCESS_REQUIRED = ordered_keys("kind", "linear")
_ACCESS_KEYS     = _ACCESS_REQUIRED | {"size", "implicit"}
_STEP_REQUIRED   = ordered_keys("kind", "linear", "cpl", "ac")
_STEP_KEYS       = _ACCESS_KEYS | _STEP_REQUIRED

_FIXED = 5  # numbers in hex before those of the entries


class MalformedLine(Exception):
    """A line that is not an access vector.

    Attributes
    ----------
    number : :class:`int`
        The line's, from 1.
    key : :class:`str`
        Path of the wrong key, such as ``before[0].linear``; empty if it is the whole line.
    """

    def __init__(self, number: int, key: str, message: str):
        super().__init__(f"line {number}: {key}: {message}" if key else f"line {number}: {message}")
        self.number = number
        self.key    = key


def parse(number: int, text: str) -> Vector | SequenceVector:
    """Return the vector on line ``number``, of either version. Raises :class:`MalformedLine`."""
    try:
        line = json_value(text)
        return _versioned(line) if type(line) is dict and "version" in line else _vector(line)
    except Invalid as error:
        key, message = error.args
    except RecursionError:
        key, message = "", "expected a JSON object: nested too deep"
    raise MalformedLine(number, key, message)


def _versioned(line: dict[str, Any]) -> Vector | SequenceVector:
    """The vector on a line that says its version."""
    one_of((1, 2), "version", line["version"])
    if line["version"] == 2:
        return sequence_vector(line)
    return _vector({key: value for key, value in line.items() if key != "version"})


def _vector(line: Any) -> Vector:
    check_keys(line, "", _LINE_REQUIRED, _LINE_KEYS)
    access, pairs = line["access"], line["entries"]
    check_keys(access, "access", _ACCESS_REQUIRED, _ACCESS_KEYS)
    texts = [line["cr0"], line["cr3"], line["cr4"], line["efer"], access["linear"]]
    for pair in pairs_of(pairs):
        texts += pair
    cr0, cr3, cr4, efer, linear, *chain = numbers = hexadecimals(texts, _key_of)
    if max(cr0, cr3, cr4, efer, linear) >> 64:
        for index in range(_FIXED):
            check_width(numbers[index], 64, _key_of(index), texts[index])
    width = physical_width(line)
    return Vector(
        identifier(line), cr0, cr3, cr4, efer,
        key_register(line, "pkru"), key_register(line, "pkrs"), width,
        _step(access, linear, line["cpl"], line["ac"], "access"),
        entries(pairs, chain[::2], chain[1::2], entry_size(cr0, cr4, efer), width),
        _before(line["before"]) if "before" in line else None,
    )


def _key_of(index: int) -> str:
    """Path of a number in hex, by its index among the registers, the address and the entries."""
    if index < _FIXED:
        return ("cr0", "cr3", "cr4", "efer", "access.linear")[index]
    entry, part = divmod(index - _FIXED, 2)
    return f"entries[{entry}][{part}]"


def _before(steps: Any) -> list[VectorStep]:
    check(type(steps) is list, "before", "a list", steps)
    return [_own_step(step, f"before[{index}]") for index, step in enumerate(steps)]


def _own_step(found: Any, path: str) -> VectorStep:
    """An access that comes first, with a state of its own."""
    check_keys(found, path, _STEP_REQUIRED, _STEP_KEYS)
    linear = one_hexadecimal(found["linear"], 64, f"{path}.linear")
    return _step(found, linear, found["cpl"], found["ac"], path)


def _step(found: dict[str, Any], linear: int, cpl: Any, ac: Any, path: str) -> VectorStep:
    kind, size, implicit = found["kind"], found.get("size", 1), found.get("implicit", 0)
    # A comparison alone would take true and 1.0 for 1.
    if not (type(size) is type(implicit) is type(cpl) is type(ac) is int and size in SIZE
            and implicit in FLAG and cpl in RING and ac in FLAG
            and type(kind) is str and kind in KINDS):
        own = f"{path}." if "cpl" in found else ""
        for key, value, allowed in ((f"{own}cpl", cpl, RING), (f"{own}ac", ac, FLAG),
                                    (f"{path}.size", size, SIZE),
                                    (f"{path}.implicit", implicit, FLAG)):
            one_of(allowed, key, value)
        one_of_names(KINDS, f"{path}.kind", kind)
    return VectorStep(kind, linear, size, implicit, cpl, ac)
