"""Access vectors of a visitor's, on the golden model and on the unit itself, beside each other."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import Unavailable, Unsuited
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import MalformedLine, parse
from sim.vectors.renderer import render
from sim.vectors.sequence import AnyVector

from .player import Tell


__all__ = ["access"]


def access(request: Mapping[str, Any], folder: Path, tell: Tell) -> None:
    """Run the lines of the ``text`` of a ``request``; tell what comes of each on both.

    Messages: ``said``, with the lines out as ``text`` and ``by`` whom, and last whether both
    agree; and ``mistake``, for a line that is no vector. Raises :class:`sim.errors.Unsuited` if
    there is none.
    """
    lines = str(request.get("text", "")).splitlines()
    try:
        vectors = [parse(number, line) for number, line in enumerate(lines, 1)]
    except MalformedLine as error:
        tell({"kind": "mistake", "line": error.number, "text": "",
              "reason": str(error).partition(": ")[2]})
        return
    if not vectors:
        raise Unsuited("there is no line, and so nothing to try")
    golden = _outcomes("golden", vectors)
    tell({"kind": "said", "by": "The golden model", "text": "".join(golden), "good": None})
    try:
        unit = _outcomes("cxxrtl", vectors)
    except Unavailable:
        tell({"kind": "begun", "engine": "pysim", "remark": None})
        unit = _outcomes("pysim", vectors)
    tell({"kind": "said", "by": "The unit, as RTL", "text": "".join(unit), "good": None})
    other = list(_differing(golden, unit))
    tell({"kind": "said", "good": not other, "text": "",
          "by": f"They differ in line {', '.join(map(str, other))}." if other else
                "Both say the same."})


def _outcomes(engine: str, vectors: Sequence[AnyVector]) -> list[str]:
    return [*map(render, vectors, VECTOR_ENGINES[engine]().run(vectors))]


def _differing(golden: Sequence[str], unit: Sequence[str]) -> Iterator[int]:
    """Numbers of the lines in which two engines differ; cycles are counted by one of them alone."""
    for number, lines in enumerate(zip(golden, unit, strict=True), 1):
        one, other = (_without_cycles(json.loads(line)) for line in lines)
        if one != other:
            yield number


def _without_cycles(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_cycles(each) for key, each in value.items() if key != "cycles"}
    return [_without_cycles(each) for each in value] if isinstance(value, list) else value
