"""What is wrong with a line: every rule of the format, with a complaint that names the key.

This is the complete reading of a line. :mod:`sim.vectors.renderer` has a shorter one for lines that
are beyond doubt.
"""

import json
import re
import sys
from collections.abc import Collection
from typing import Any

from .vector import KINDS, Vector, VectorStep, entry_size


__all__ = ["ACCESS_KEYS", "LINE_KEYS", "STEP_KEYS", "MalformedLine", "checked", "scan"]


_REQUIRED = ("id", "cr0", "cr3", "cr4", "efer", "ac", "cpl", "access", "entries")

#: Keys of a line, of its access, and of an access that comes first.
LINE_KEYS   = frozenset((*_REQUIRED, "pkru", "pkrs", "maxphyaddr", "before"))
ACCESS_KEYS = frozenset(("kind", "linear", "size", "implicit"))
STEP_KEYS   = ACCESS_KEYS | {"cpl", "ac"}

_HEX   = re.compile("0x[0-9a-fA-F]+").fullmatch
_SHOWN = 40  # characters of a wrong value that a complaint shows


class MalformedLine(Exception):
    """A line that is not an access vector.

    Attributes
    ----------
    number : :class:`int`
        The line's, from 1.
    key : :class:`str`
        Which key is wrong, such as ``before[0].linear``; empty if it is the whole line.
    """

    def __init__(self, number: int, key: str, message: str):
        super().__init__(f"line {number}: {key}: {message}" if key else f"line {number}: {message}")
        self.number = number
        self.key    = key


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{_cut(text)} is too large a number")
    return value


def _readable(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        # Python's limit: the time that it takes grows with the square.
        raise ValueError(f"a number of {len(text.lstrip('-')):,} digits is too long; "
                         f"{sys.get_int_max_str_digits():,} are read") from None


_decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, parse_int=_readable)

#: Reads the JSON value that a text begins with; returns it and the index of what follows. Without
#: a function of ours for whole numbers, which would be slower.
scan = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).raw_decode


def checked(number: int, text: str) -> Vector:
    """The vector that is in ``text``. Raises :class:`MalformedLine`."""
    line = _Members(number, "", _json(number, text), _REQUIRED, LINE_KEYS)
    cr0, cr3, cr4, efer = (line.hexadecimal(key) for key in ("cr0", "cr3", "cr4", "efer"))
    maxphyaddr = line.integer("maxphyaddr", range(32, 53), default=52)
    ac, cpl    = line.integer("ac", (0, 1)), line.integer("cpl", (0, 3))
    access = _Members(number, "access", line.found["access"], ("kind", "linear"), ACCESS_KEYS)
    before = None
    if "before" in line.found:
        before = [_own_step(number, f"before[{index}]", found)
                  for index, found in enumerate(line.array("before"))]
    return Vector(
        line.found["id"], cr0, cr3, cr4, efer,
        line.hexadecimal("pkru", bits=32, default=0), line.hexadecimal("pkrs", bits=32, default=0),
        maxphyaddr, _step(access, cpl, ac),
        _entries(line, entry_size(cr0, cr4, efer), maxphyaddr), before,
    )


class _Members:
    """The members of a JSON object, each read with its rule."""

    def __init__(
        self, number: int, path: str, found: Any, required: Collection[str], known: frozenset[str],
    ):
        self._number, self._path = number, path
        if type(found) is not dict:
            raise MalformedLine(number, path, f"expected an object, not {_shown(found)}")
        for key in found.keys() - known:
            raise MalformedLine(number, path, f"unknown key {_shown(key)}; expected one of "
                                              f"{', '.join(sorted(known))}")
        self.found = found
        for key in required:
            if key not in found:
                self.complain(key, "this key is missing")

    def complain(self, key: str, message: str) -> None:
        """Raise :class:`MalformedLine` for ``key``, which may have an index."""
        raise MalformedLine(self._number, f"{self._path}.{key}" if self._path else key, message)

    def expect(self, right: bool, key: str, expected: str, value: Any) -> None:
        """Complain unless ``right``."""
        if not right:
            self.complain(key, f"expected {expected}, not {_shown(value)}")

    def hexadecimal(self, key: str, *, bits: int = 64, default: int | None = None) -> int:
        """The number in a hex string of ``bits`` at most."""
        if default is not None and key not in self.found:
            return default
        return self.number_in(self.found[key], key, bits)

    def number_in(self, value: Any, key: str, bits: int) -> int:
        """The number in ``value``, which is found at ``key``."""
        self.expect(type(value) is str and bool(_HEX(value)), key, 'hex such as "0x1f"', value)
        number = int(value, 16)
        self.expect(not number >> bits, key, f"a number of {bits} bits at most", value)
        return number

    def integer(self, key: str, allowed: Collection[int], *, default: int | None = None) -> int:
        """A number that is one of ``allowed``."""
        if default is not None and key not in self.found:
            return default
        value = self.found[key]
        self.expect(type(value) is int and value in allowed, key, _choice(allowed), value)
        return int(value)

    def array(self, key: str) -> list[Any]:
        """A list."""
        value: list[Any] = self.found[key]
        self.expect(type(value) is list, key, "a list", value)
        return value


def _json(number: int, text: str) -> Any:
    """The one JSON value in ``text``."""
    if text.startswith("\ufeff"):
        raise MalformedLine(number, "", "a byte-order mark may begin a file, and nothing else")
    try:
        text.encode()
        value = _decoder.decode(text)
        json.dumps(value)  # whoever gets it back wants it written, too
        return value
    except UnicodeEncodeError as error:
        raise MalformedLine(number, "", f"not UTF-8 at column {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise MalformedLine(
            number, "", f"expected a JSON object: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise MalformedLine(number, "", "expected a JSON object: nested too deep") from None
    except ValueError as error:
        raise MalformedLine(number, "", f"expected a JSON object: {error}") from None


def _own_step(number: int, path: str, found: Any) -> VectorStep:
    members = _Members(number, path, found, ("kind", "linear", "cpl", "ac"), STEP_KEYS)
    return _step(members, members.integer("cpl", (0, 3)), members.integer("ac", (0, 1)))


def _step(members: _Members, cpl: int, ac: int) -> VectorStep:
    kind = members.found["kind"]
    members.expect(type(kind) is str and kind in KINDS, "kind",
                   " or ".join(f'"{name}"' for name in sorted(KINDS)), kind)
    return VectorStep(
        kind, members.hexadecimal("linear"), members.integer("size", (1, 2, 4, 8), default=1),
        members.integer("implicit", (0, 1), default=0), cpl, ac,
    )


def _entries(line: _Members, size: int, maxphyaddr: int) -> list[tuple[int, int]]:
    entries: dict[int, int] = {}
    for index, pair in enumerate(line.array("entries")):
        key = f"entries[{index}]"
        line.expect(type(pair) is list and len(pair) == 2, key,
                    "a list of an address and a value", pair)
        address = line.number_in(pair[0], f"{key}[0]", maxphyaddr)
        value   = line.number_in(pair[1], f"{key}[1]", 8 * size)
        line.expect(address % size == 0, f"{key}[0]", f"a multiple of {size}", pair[0])
        line.expect(address not in entries, f"{key}[0]", "each address once", pair[0])
        entries[address] = value
    return list(entries.items())


def _choice(allowed: Collection[int]) -> str:
    if isinstance(allowed, range):
        return f"a number from {allowed[0]} to {allowed[-1]}"
    return " or ".join(map(str, allowed))


def _shown(value: Any) -> str:
    return _cut(json.dumps(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN - 3]}..."
