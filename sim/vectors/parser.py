"""Parser of lines: one pass over the JSON, with a complaint that names the key for every rule.

What a line has many of is checked together, numbers in hex above all: one match of a regular
expression is faster than one of each. Only where that fails is the wrong one looked for.

Ref: ``docs/access-vectors.md``, version 1.
"""

import json
import re
import sys
from collections.abc import Callable, Set
from typing import Any, NoReturn

from .vector import KINDS, Vector, VectorStep, entry_size


__all__ = ["MalformedLine", "parse"]


def _keys(*names: str) -> Set[str]:
    """A set that keeps the order, in which complaints name what is missing."""
    return dict.fromkeys(names).keys()


#: Keys that must be there, and all that may be: of a line, of its access, and of one before that.
_LINE_REQUIRED   = _keys("id", "cr0", "cr3", "cr4", "efer", "ac", "cpl", "access", "entries")
_LINE_KEYS       = _LINE_REQUIRED | {"pkru", "pkrs", "maxphyaddr", "before"}
_ACCESS_REQUIRED = _keys("kind", "linear")
_ACCESS_KEYS     = _ACCESS_REQUIRED | {"size", "implicit"}
_STEP_REQUIRED   = _keys("kind", "linear", "cpl", "ac")
_STEP_KEYS       = _ACCESS_KEYS | _STEP_REQUIRED

_FLAG, _RING, _SIZE = (0, 1), (0, 3), (1, 2, 4, 8)

_HEX     = re.compile("0x[0-9a-fA-F]+").fullmatch
_HEX_ALL = re.compile("0x[0-9a-fA-F]+(?:,0x[0-9a-fA-F]+)*").fullmatch

_FIXED = 5  # numbers in hex before those of the entries

_BLANKS = " \t\n\r"

_SHOWN = 40  # characters of a wrong value that a complaint shows


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


class _Invalid(Exception):
    """A rule is broken: the path of the key, and the complaint."""


def parse(number: int, text: str) -> Vector:
    """Return the vector on line ``number``. Raises :class:`MalformedLine`."""
    try:
        return _vector(_json(text))
    except _Invalid as error:
        key, message = error.args
    except RecursionError:
        key, message = "", "expected a JSON object: nested too deep"
    raise MalformedLine(number, key, message)


def _vector(line: Any) -> Vector:
    _check_keys(line, "", _LINE_REQUIRED, _LINE_KEYS)
    access, pairs = line["access"], line["entries"]
    _check_keys(access, "access", _ACCESS_REQUIRED, _ACCESS_KEYS)
    _check(type(pairs) is list, "entries", "a list", pairs)
    texts = [line["cr0"], line["cr3"], line["cr4"], line["efer"], access["linear"]]
    for index, pair in enumerate(pairs):
        if type(pair) is not list or len(pair) != 2:
            _complain(f"entries[{index}]", "a list of an address and a value", pair)
        texts += pair
    cr0, cr3, cr4, efer, linear, *chain = numbers = _hexadecimals(texts, _key_of)
    if max(cr0, cr3, cr4, efer, linear) >> 64:
        for index in range(_FIXED):
            _check_width(numbers[index], 64, _key_of(index), texts[index])
    maxphyaddr = line.get("maxphyaddr", 52)
    if type(maxphyaddr) is not int or not 32 <= maxphyaddr <= 52:
        _complain("maxphyaddr", "a number from 32 to 52", maxphyaddr)
    if type(line["id"]) in (list, dict):
        json.dumps(line["id"])  # An outcome repeats it, so what is too deep to write is refused.
    return Vector(
        line["id"], cr0, cr3, cr4, efer,
        _one_hexadecimal(line["pkru"], 32, "pkru") if "pkru" in line else 0,
        _one_hexadecimal(line["pkrs"], 32, "pkrs") if "pkrs" in line else 0, maxphyaddr,
        _step(access, linear, line["cpl"], line["ac"], "access"),
        _entries(pairs, chain[::2], chain[1::2], entry_size(cr0, cr4, efer), maxphyaddr),
        _before(line["before"]) if "before" in line else None,
    )


def _key_of(index: int) -> str:
    """Path of a number in hex, by its index among the registers, the address and the entries."""
    if index < _FIXED:
        return ("cr0", "cr3", "cr4", "efer", "access.linear")[index]
    entry, part = divmod(index - _FIXED, 2)
    return f"entries[{entry}][{part}]"


def _before(steps: Any) -> list[VectorStep]:
    _check(type(steps) is list, "before", "a list", steps)
    return [_own_step(step, f"before[{index}]") for index, step in enumerate(steps)]


def _own_step(found: Any, path: str) -> VectorStep:
    """An access that comes first, with a state of its own."""
    _check_keys(found, path, _STEP_REQUIRED, _STEP_KEYS)
    linear = _one_hexadecimal(found["linear"], 64, f"{path}.linear")
    return _step(found, linear, found["cpl"], found["ac"], path)


def _step(found: dict[str, Any], linear: int, cpl: Any, ac: Any, path: str) -> VectorStep:
    kind, size, implicit = found["kind"], found.get("size", 1), found.get("implicit", 0)
    # A comparison alone would take true and 1.0 for 1.
    if not (type(size) is type(implicit) is type(cpl) is type(ac) is int and size in _SIZE
            and implicit in _FLAG and cpl in _RING and ac in _FLAG
            and type(kind) is str and kind in KINDS):
        own = f"{path}." if "cpl" in found else ""
        for key, value, allowed in ((f"{own}cpl", cpl, _RING), (f"{own}ac", ac, _FLAG),
                                    (f"{path}.size", size, _SIZE),
                                    (f"{path}.implicit", implicit, _FLAG)):
            _check(type(value) is int and value in allowed, key, " or ".join(map(str, allowed)),
                   value)
        _complain(f"{path}.kind", " or ".join(f'"{name}"' for name in sorted(KINDS)), kind)
    return VectorStep(kind, linear, size, implicit, cpl, ac)


def _entries(
    pairs: list[list[str]], addresses: list[int], values: list[int], size: int, maxphyaddr: int,
) -> list[tuple[int, int]]:
    union = 0
    for address in addresses:
        union |= address
    if (union >> maxphyaddr or union & size - 1 or len(set(addresses)) != len(addresses)
            or addresses and max(values) >> 8 * size):
        seen: set[int] = set()
        for index, (address, value) in enumerate(zip(addresses, values, strict=True)):
            first, second = pairs[index]
            key = f"entries[{index}]"
            _check_width(address, maxphyaddr, f"{key}[0]", first)
            _check_width(value, 8 * size, f"{key}[1]", second)
            _check(address % size == 0, f"{key}[0]", f"a multiple of {size}", first)
            _check(address not in seen, f"{key}[0]", "each address once", first)
            seen.add(address)
    return list(zip(addresses, values, strict=True))


def _hexadecimals(texts: list[Any], key_of: Callable[[int], str]) -> list[int]:
    """Numbers from strings in hex; ``key_of`` gives the path of each by its index."""
    try:
        if _HEX_ALL(",".join(texts)):
            return [int(text, 16) for text in texts]
    except (TypeError, ValueError):
        pass  # One is no string, or has a comma of its own.
    for index, text in enumerate(texts):
        _check(type(text) is str and bool(_HEX(text)), key_of(index), 'hex such as "0x1f"', text)
    raise AssertionError("numbers in hex are wrong together, and none of them alone")


def _one_hexadecimal(text: Any, bits: int, key: str) -> int:
    [number] = _hexadecimals([text], lambda index: key)
    _check_width(number, bits, key, text)
    return number


def _check_keys(found: Any, path: str, required: Set[str], known: Set[str]) -> None:
    if type(found) is dict and required <= found.keys() <= known:
        return
    _check(type(found) is dict, path, "an object", found)
    for key in found:
        if key not in known:
            raise _Invalid(path, f"unknown key {_shown(key)}; expected one of "
                                 f"{', '.join(sorted(known))}")
    missing = next(key for key in required if key not in found)
    raise _Invalid(f"{path}.{missing}" if path else missing, "this key is missing")


def _check_width(number: int, bits: int, key: str, text: str) -> None:
    _check(not number >> bits, key, f"a number of {bits} bits at most", text)


def _check(right: bool, key: str, expected: str, value: Any) -> None:
    if not right:
        _complain(key, expected, value)


def _complain(key: str, expected: str, value: Any) -> NoReturn:
    raise _Invalid(key, f"expected {expected}, not {_shown(value)}")


def _json(text: str) -> Any:
    """The one JSON value in ``text``."""
    begin = len(text) - len(text.lstrip(_BLANKS))
    try:
        text.isascii() or text.encode()
        value, end = _decoder.raw_decode(text, begin)
    except UnicodeEncodeError as error:
        raise _Invalid("", f"not UTF-8 at column {error.start + 1}") from None
    except json.JSONDecodeError as error:
        if text.startswith("\ufeff"):
            raise _Invalid("", "a byte-order mark may begin a file, and nothing else") from None
        raise _no_object(f"{error.msg} at column {error.colno}") from None
    except ValueError:
        # Python reads no whole number that is very long: the time grows with the square of it.
        _counting_decoder.raw_decode(text, begin)
        raise
    if rest := text[end:].lstrip(_BLANKS):
        raise _no_object(f"Extra data at column {len(text) - len(rest) + 1}")
    return value


def _no_object(reason: str) -> _Invalid:
    return _Invalid("", f"expected a JSON object: {reason}")


def _no_constant(name: str) -> float:
    raise _no_object(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _no_object(f"{_cut(text)} is too large a number")
    return value


def _not_too_long(text: str) -> int:
    digits, limit = len(text.lstrip("-")), sys.get_int_max_str_digits()
    if digits > limit:
        raise _no_object(f"a number of {digits:,} digits is too long; {limit:,} are read")
    return int(text)


_decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)

#: The same, with a complaint about what is too long; a call for each whole number makes it slower.
_counting_decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite,
                                     parse_int=_not_too_long)


def _shown(value: Any) -> str:
    return _cut(json.dumps(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN - 3]}..."
