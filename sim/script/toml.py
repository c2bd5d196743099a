"""Scripts as text: tables of a script, written as the shipped ones are."""

from collections.abc import Mapping, Sequence
from typing import Any


__all__ = ["script_text"]


def script_text(title: str, files: Sequence[Mapping[str, Any]],
                steps: Sequence[Mapping[str, Any]]) -> str:
    """Write a script."""
    tables = [*(("file", file) for file in files), *(("step", step) for step in steps)]
    return f"format = 1\ntitle  = {_value(title)}\n" + "".join(
        f"\n[[{name}]]\n{_table(table)}" for name, table in tables)


def _table(table: Mapping[str, Any]) -> str:
    width = max(map(len, table))
    return "".join(f"{key:{width}} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    return "[" + ", ".join(map(_value, value)) + "]"
