"""Checks that lines of both versions share: JSON, keys, numbers, and the registers of a machine.

A broken rule raises :class:`Invalid`, whose complaint says what was expected.

Ref: ``docs/access-vectors.md``.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Set
from typing import Any, NoReturn, cast


__all__ = [
    "FLAG", "RING", "SIZE", "Invalid", "check", "check_keys", "check_width", "complain", "entries",
    "hexadecimals", "identifier", "json_value", "key_register", "one_hexadecimal", "one_of",
    "one_of_names", "ordered_keys", "pairs_of", "physical_width",
]


#: What a flag, a privilege level and the size of an access may be.
FLAG, RING, SIZE = (0, 1), (0, 3), (1, 2, 4, 8)

_HEX     = re.compile("0x[0-9a-fA-F]+").fullmatch
_HEX_ALL = re.compile("0x[0-9a-fA-F]+(?:,0x[0-9a-fA-F]+)*").fullmatch

_BLANKS = " \t\n\r"

_SHOWN = 40  # characters of a wrong value that a complaint shows


class Invalid(Exception):
    """A rule is broken: the path of the key, and the complaint."""


def ordered_keys(*names: str) -> Set[str]:
    """A set that keeps the order, in which complaints name what is missing."""
    return dict.fromkeys(names).keys()


def identifier(line: dict[str, Any]) -> Any:
    """The ``id`` of ``line``, which an outcome can repeat: what is too deep to write is refused."""
    if type(line["id"]) in (list, dict):
        json.dumps(line["id"])
    return line["id"]


def physical_width(line: dict[str, Any]) -> int:
    """The width of a physical address, by the key ``maxphyaddr``."""
    found = line.get("maxphyaddr", 52)
    if type(found) is not int or not 32 <= found <= 52:
        complain("maxphyaddr", "a number from 32 to 52", found)
    return found


def key_register(line: dict[str, Any], key: str) -> int:
    """PKRU or IA32_PKRS, which may be missing."""
    return one_hexadecimal(line[key], 32, key) if key in line else 0


def pairs_of(found: Any) -> list[list[Any]]:
    """The value of the key ``entries``: a list of lists of two."""
    check(type(found) is list, "entries", "a list", found)
    for index, pair in enumerate(found):
        if type(pair) is not list or len(pair) != 2:
            complain(f"entries[{index}]", "a list of an address and a value", pair)
    return cast("list[list[Any]]", found)


def entries(
    pairs: list[list[str]], addresses: list[int], values: list[int], size: int, width: int,
) -> list[tuple[int, int]]:
    """Addresses and values of entries of ``size`` bytes, whose texts are ``pairs``."""
    union = 0
    for address in addresses:
        union |= address
    if (union >> width or union & size - 1 or len(set(addresses)) != len(addresses)
            or addresses and max(values) >> 8 * size):
        seen: set[int] = set()
        for index, (address, value) in enumerate(zip(addresses, values, strict=True)):
            first, second = pairs[index]
            key = f"entries[{index}]"
            check_width(address, width, f"{key}[0]", first)
            check_width(value, 8 * size, f"{key}[1]", second)
            check(address % size == 0, f"{key}[0]", f"a multiple of {size}", first)
            check(address not in seen, f"{key}[0]", "each address once", first)
            seen.add(address)
    return list(zip(addresses, values, strict=True))


def hexadecimals(texts: list[Any], key_of: Callable[[int], str]) -> list[int]:
    """Numbers from strings in hex; ``key_of`` gives the path of each by its index."""
    try:
        if _HEX_ALL(",".join(texts)):
            return [int(text, 16) for text in texts]
    except (TypeError, ValueError):
        pass  # One is no string, or has a comma of its own.
    for index, text in enumerate(texts):
        check(type(text) is str and bool(_HEX(text)), key_of(index), 'hex such as "0x1f"', text)
    raise AssertionError("numbers in hex are wrong together, and none of them alone")


def one_hexadecimal(text: Any, bits: int, key: str) -> int:
    """The number in a string in hex, which has ``bits`` at most."""
    [number] = hexadecimals([text], lambda index: key)
    check_width(number, bits, key, text)
    return number


def check_keys(found: Any, path: str, required: Set[str], known: Set[str]) -> None:
    """Check that ``found`` is an object with all that is ``required``, and only ``known`` keys."""
    if type(found) is dict and required <= found.keys() <= known:
        return
    check(type(found) is dict, path, "an object", found)
    for key in found:
        if key not in known:
            raise Invalid(path, f"unknown key {_shown(key)}; expected one of "
                                f"{', '.join(sorted(known))}")
    missing = next(key for key in required if key not in found)
    raise Invalid(f"{path}.{missing}" if path else missing, "this key is missing")


def check_width(number: int, bits: int, key: str, text: Any) -> None:
    """Check that ``number``, which the line spells as ``text``, has ``bits`` at most."""
    check(not number >> bits, key, f"a number of {bits} bits at most", text)


def one_of(allowed: tuple[int, ...], key: str, value: Any) -> None:
    """Check that ``value`` is one of a few numbers: true and 1.0 are none."""
    check(type(value) is int and value in allowed, key, " or ".join(map(str, allowed)), value)


def one_of_names(allowed: Iterable[str], key: str, value: Any) -> None:
    """Check that ``value`` is one of a few names."""
    names = sorted(allowed)
    check(type(value) is str and value in names, key, " or ".join(f'"{name}"' for name in names),
          value)


def check(right: bool, key: str, expected: str, value: Any) -> None:
    """Complain unless ``right``."""
    if not right:
        complain(key, expected, value)


def complain(key: str, expected: str, value: Any) -> NoReturn:
    """Raise :class:`Invalid` for ``value``, which stands at the path ``key``."""
    raise Invalid(key, f"expected {expected}, not {_shown(value)}")


def json_value(text: str) -> Any:
    """The one JSON value in ``text``."""
    begin = len(text) - len(text.lstrip(_BLANKS))
    try:
        text.isascii() or text.encode()
        value, end = _decoder.raw_decode(text, begin)
    except UnicodeEncodeError as error:
        raise Invalid("", f"not UTF-8 at column {error.start + 1}") from None
    except json.JSONDecodeError as error:
        if text.startswith("\ufeff"):
            raise Invalid("", "a byte-order mark may begin a file, and nothing else") from None
        raise _no_object(f"{error.msg} at column {error.colno}") from None
    except ValueError:
        # Python reads no whole number that is very long: the time grows with the square of it.
        _counting_decoder.raw_decode(text, begin)
        raise
    if rest := text[end:].lstrip(_BLANKS):
        raise _no_object(f"Extra data at column {len(text) - len(rest) + 1}")
    return value


def _no_object(reason: str) -> Invalid:
    return Invalid("", f"expected a JSON object: {reason}")


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
