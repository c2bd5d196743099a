"""Results of a real Linux, stored beside the scripts, one file a folder.

With them a script can be compared where there is no such kernel.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sim.output.files import written

from .script import Script, ScriptError


__all__ = ["NAME", "Recorded", "read", "store"]


#: The file's name in each folder.
NAME = "linux.json"


class Recorded(NamedTuple):
    """Results of one script.

    Attributes
    ----------
    kernel : :class:`str`
        The kernel that they are from.
    said : sequence of mappings
        Results of each step.
    """

    kernel: str
    said:   Sequence[Mapping[str, Any]]


def read(folder: Path, script: Script) -> Recorded | None:
    """Return what is stored of a script; None if there is nothing.

    Raises :class:`.script.ScriptError` if it is of other steps than the script has.
    """
    file  = folder / NAME
    found = _load(file).get(script.name)
    if found is None:
        return None
    if [step for step, _ in found["steps"]] != list(map(str, script.steps)):
        raise ScriptError(f"{file}:1: the results of {script.name} are of other steps than it "
                          "has now; record it anew: --record")
    return Recorded(found["kernel"], [said for _, said in found["steps"]])


def store(folder: Path, results: Mapping[Script, Sequence[Mapping[str, Any]]],
          kernel: str) -> None:
    """Store the results of scripts in one folder. Those of others that are there stay."""
    file  = folder / NAME
    known = {name: found for name, found in _load(file).items()
             if (folder / f"{name}.toml").exists()}
    for script, said in results.items():
        known[script.name] = {"kernel": kernel, "steps": [
            [str(step), dict(one)] for step, one in zip(script.steps, said, strict=True)]}
    with written(file) as [out]:
        out.write(_lines(known))


def _load(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ScriptError(f"{file}:1: this is no JSON: {error}") from error
    return found


def _lines(known: Mapping[str, Any]) -> str:
    """JSON with a line for each step, so that a change of one can be seen."""
    scripts = []
    for name in sorted(known):
        steps = ",\n".join(f"    {json.dumps(step)}" for step in known[name]["steps"])
        scripts.append(f' {json.dumps(name)}: {{\n  "kernel": {json.dumps(known[name]["kernel"])},'
                       f'\n  "steps": [\n{steps}\n  ]\n }}')
    return "{\n" + ",\n".join(scripts) + "\n}\n"
