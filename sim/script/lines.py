"""Text of a script, read as TOML, and the lines in it.

``tomllib`` keeps no lines, so that :class:`Lines` looks for them: tables and their keys stand at
the beginning of a line.
"""

import re
import tomllib
from typing import Any

from .expression import WIDE
from .script import ScriptError


__all__ = ["Lines", "read_toml"]


class Lines:
    """Lines of the tables of a text, by their heads; an inline table begins a line."""

    def __init__(self, text: str):
        self._lines = text.splitlines()

    def of(self, head: str, number: int, key: str) -> int:
        """Line of ``key`` in table number ``number`` called ``head``, or of its head, or 1."""
        starts = (self._matching(rf"\s*\[\[?\s*{head}[\s.\]]") or self._matching(r"\s*\{")
                  if head else [-1])
        if number >= len(starts):
            return 1
        start = starts[number]
        for index in range(start + 1, len(self._lines)):
            if re.match(r"\s*[\[{]", self._lines[index]):
                break
            if key and re.match(rf'\s*"?{re.escape(key)}"?\s*=', self._lines[index]):
                return index + 1
        return max(start + 1, 1)

    def _matching(self, pattern: str) -> list[int]:
        return [index for index, line in enumerate(self._lines) if re.match(pattern, line)]


def read_toml(text: str, file: str) -> dict[str, Any]:
    """Read a text. Raises :class:`.script.ScriptError`, which names ``file`` and the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line  = int(found[1]) if found else len(text.splitlines())
        said  = str(error)[:found.start()] if found else str(error)
        reason = f"this is no TOML: {said.removesuffix(' (at end of document)')}"
    except ValueError:  # more digits than Python reads
        line, reason = _line_of(r"[0-9_]{4300}", text), WIDE
    except RecursionError:
        line, reason = _line_of(r"[\[{]{99}", text), "lists and tables stand in each other too deep"
    raise ScriptError(f"{file}:{line}: {reason}")


def _line_of(pattern: str, text: str) -> int:
    """The first line that has a match of the pattern; 1 if there is none."""
    found = re.search(pattern, text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
