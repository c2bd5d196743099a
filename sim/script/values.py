"""Values of a script's keys: what TOML has, and what the format wants there."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .calls import Kind


__all__ = ["Wrong", "bytes_of", "check_keys", "check_table", "data_of", "list_of", "one_of",
           "prot_of", "type_name", "words_of"]


#: A group of bytes, and how often it comes.
_BYTES = re.compile(r"((?:[0-9a-fA-F]{2})+)(?:\*([0-9]+))?")

#: Bytes of the largest data.
_MOST = 0x8000


class Wrong(Exception):
    """A mistake: the reason, and the key in whose line it is."""

    def __init__(self, reason: str, key: str = ""):
        super().__init__(reason)
        self.key = key


def check_keys(table: Mapping[str, Any], known: Mapping[str, Any],
               needed: Iterable[str]) -> None:
    """Refuse keys that are not ``known``, with their types, and the lack of those ``needed``."""
    for key, value in table.items():
        if key not in known:
            raise Wrong(f'there is no key "{key}" here; there are: {", ".join(known)}', key)
        wanted = known[key]
        if not isinstance(value, wanted) or isinstance(value, bool) and wanted is not object:
            raise Wrong(f"{key} is {type_name(wanted)}, not {value!r}", key)
    for key in needed:
        if key not in table:
            raise Wrong(f"{key} is missing")


def type_name(wanted: Any) -> str:
    """Name a type of TOML, or several."""
    names = {int: "a number", str: "a text", list: "a list", dict: "a table", bool: "true or false"}
    types = wanted if isinstance(wanted, tuple) else (wanted,)
    return " or ".join(names[one] for one in types)


def check_table(value: Any, name: str) -> None:
    """Refuse what is no table."""
    if not isinstance(value, dict):
        raise Wrong(f"{name} is a table, not {value!r}")


def one_of(word: Any, known: Iterable[str], key: str) -> str:
    """Return a word that is known."""
    if not isinstance(word, str) or word not in known:
        raise Wrong(f"{key}: there is no {word!r}; there are: {', '.join(known) or 'none'}", key)
    return word


def list_of(key: str, value: Any) -> Sequence[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise Wrong(f"{key} is a list, not {value!r}", key)
    return value


def words_of(key: str, value: Any, known: Mapping[str, int]) -> list[str] | int:
    """Return a list of known words, or a number in its place."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return [one_of(one, known, key) for one in list_of(key, value)]


def prot_of(value: Any) -> str | int:
    """Return rights of memory, as letters or as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not re.fullmatch("r?w?x?", value):
        raise Wrong(f"prot is {Kind.PROT.value}, not {value!r}", "prot")
    return value


def bytes_of(text: str) -> bytes:
    """Read bytes: groups of hex digits, each perhaps repeated. Raises :class:`ValueError`."""
    parts = [_BYTES.fullmatch(part) for part in text.split()]
    sizes = [len(part[1]) // 2 * int(part[2] or 1) for part in parts if part]
    if None in parts or sum(sizes) > _MOST:
        raise ValueError(f"{Kind.DATA.value}, up to {_MOST} of them, not {text[:40]!r}")
    return b"".join(bytes.fromhex(part[1]) * int(part[2] or 1) for part in parts if part)


def data_of(key: str, value: Any) -> bytes:
    """Return bytes, which are written in hex."""
    if not isinstance(value, str):
        raise Wrong(f"{key} is {Kind.DATA.value}, not {value!r}", key)
    try:
        return bytes_of(value)
    except ValueError as error:
        raise Wrong(f"{key} is {error}", key) from error
