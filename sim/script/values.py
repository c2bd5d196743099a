"""Values of a script, checked: keys of a table, words, rights, bytes and numbers of bytes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim.output.names import others

from .calls import Kind
from .expression import WIDE, Expression, fits


__all__ = ["PAGE", "SEGMENTS", "Wrong", "check_keys", "check_room", "check_table", "check_width",
           "data_of", "is_number", "list_of", "one_of", "prot_of", "size_of", "type_name",
           "words_of"]


#: Bytes of the largest data and of the largest room, which the stage of a process has; and parts of
#: the longest vector.
_MOST, SEGMENTS = 0x8000, 64

#: The page that has the words of scripts.
PAGE = "docs/scripts.md has all"

_BYTES = re.compile(r"((?:[0-9a-fA-F]{2})+)(?:\*([0-9]{1,9}))?")

_SIZES = (1, 2, 4, 8)


class Wrong(Exception):
    """A mistake: the reason, and the key in whose line it is."""

    def __init__(self, reason: str, key: str = ""):
        super().__init__(reason)
        self.key = key


def check_keys(table: Mapping[str, Any], known: Mapping[str, Any], needed: Iterable[str]) -> None:
    """Check that all keys are known and of their types, and the needed ones there."""
    for key, value in table.items():
        if key not in known:
            raise Wrong(f'there is no key "{key}" here; {others(key, known, PAGE)}', key)
        wanted = known[key]
        if not isinstance(value, wanted) or isinstance(value, bool) and wanted is not object:
            raise Wrong(f"{key} is {type_name(wanted)}, not {value!r}", key)
    for key in needed:
        if key not in table:
            raise Wrong(f"{key} is missing")


def check_table(value: Any, name: str) -> None:
    """Check that a value is a table."""
    if not isinstance(value, dict):
        raise Wrong(f"{name} is a table, not {value!r}")


def check_width(value: Any, key: str = "") -> None:
    """Check that a number, or all those in a table or a list, have 64 bits at most."""
    if isinstance(value, int) and not fits(value):
        raise Wrong(f"{key or 'this'}: {WIDE}", key)
    if isinstance(value, dict):
        for name, part in value.items():
            check_width(part, key or name)
    if isinstance(value, list):
        for part in value:
            check_width(part, key)


def check_room(key: str, count: Expression | int) -> None:
    """Check a number of bytes to be read into the stage: a name in it could stand for any."""
    value = count if isinstance(count, int) else count.value(lambda name: _MOST + 1)
    if not -(1 << 63) <= value <= _MOST:
        raise Wrong(f"{key}: bytes up to {_MOST} have room, others need memory of the process", key)


def type_name(wanted: Any) -> str:
    """Name a type of TOML, or several."""
    names = {int: "a number", str: "a text", list: "a list", dict: "a table", bool: "true or false"}
    types = wanted if isinstance(wanted, tuple) else (wanted,)
    return " or ".join(names[one] for one in types)


def is_number(value: Any) -> bool:
    """Tell whether a value is a number, which true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(word: Any, known: Iterable[str], key: str) -> str:
    """Return a word, if it is known."""
    if not isinstance(word, str) or word not in known:
        raise Wrong(f"{key}: there is no {word!r}; {others(_short(word, known), known, PAGE)}", key)
    return word


def _short(word: Any, known: Iterable[str]) -> Any:
    """The word for a constant by its name in C, such as "free" for MADV_FREE; else what it is."""
    parts = str(word).lower().split("_")
    names = ("_".join(parts[first:]) for first in range(1, len(parts)))
    return next((name for name in names if name in known), word)


def size_of(key: str, value: Any) -> int:
    """Return the size of an access, if there is one of so many bytes."""
    if not is_number(value) or value not in _SIZES:
        raise Wrong(f"{key} is {Kind.SIZE.value}, not {value!r}", key)
    return int(value)


def list_of(key: str, value: Any) -> Sequence[Any]:
    """Return a list, if it is one."""
    if not isinstance(value, list):
        raise Wrong(f"{key} is a list, not {value!r}", key)
    return value


def words_of(key: str, value: Any, known: Mapping[str, int]) -> list[str] | int:
    """Return words that are known, or a number that stands for them."""
    if is_number(value):
        return int(value)
    return [one_of(one, known, key) for one in list_of(key, value)]


def prot_of(value: Any) -> str | int:
    """Return letters of rights, or a number that stands for them."""
    if is_number(value):
        return int(value)
    if not isinstance(value, str) or not re.fullmatch("r?w?x?", value):
        raise Wrong(f"prot is {Kind.PROT.value}, not {value!r}", "prot")
    return value


def data_of(key: str, value: Any) -> bytes:
    """Read bytes: groups of hex digits, each perhaps repeated."""
    if not isinstance(value, str):
        raise Wrong(f"{key} is {Kind.DATA.value}, not {value!r}", key)
    parts = [_BYTES.fullmatch(part) for part in value.split()]
    sizes = [len(part[1]) // 2 * int(part[2] or 1) for part in parts if part]
    if None in parts or sum(sizes) > _MOST:
        raise Wrong(f"{key} is {Kind.DATA.value}, up to {_MOST} of them, not {value[:40]!r}", key)
    return b"".join(bytes.fromhex(part[1]) * int(part[2] or 1) for part in parts if part)
