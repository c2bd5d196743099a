"""Form of a scenario's module, stated in :mod:`sim.scenario.scenario`: its check, its lines."""

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from sim.machine import MODES

from .mistakes import Location


__all__ = ["complaints", "line_of"]


def complaints(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Faults of a scenario's module: the name in it that is wrong, or "", and in what way."""
    missing = [part for part in ("MODES", "play") if not hasattr(module, part)]
    if not (module.__doc__ or "").strip():
        missing.append("a docstring")
    if missing:
        yield "", f"it lacks {', '.join(missing)}"
        return
    modes, machine = module.MODES, getattr(module, "MACHINE", {})
    if not isinstance(modes, Sequence) or not modes or not all(mode in [*MODES] for mode in modes):
        yield "MODES", (f"its MODES are {modes!r}, but must be some of {', '.join(MODES)}, "
                        f'such as ("{next(iter(MODES))}",)')
    if not isinstance(machine, Mapping):
        yield "MACHINE", "its MACHINE must be a dictionary"
    elif not isinstance(machine.get("cpus", 1), int):
        yield "MACHINE", (f'its MACHINE has {machine["cpus"]!r} for "cpus", '
                          "which must be a whole number")
    cycles = getattr(module, "CYCLES", 1)
    if not isinstance(cycles, int) or isinstance(cycles, bool) or cycles < 1:
        yield "CYCLES", f"its CYCLES are {cycles!r}, but must be a whole number from 1 on"
    try:
        inspect.signature(module.play).bind("stage")
        written = inspect.isfunction(module.play) and inspect.iscoroutinefunction(module.play)
    except TypeError:
        written = False
    if not written:
        yield "play", "its play must be written as async def play(stage)"


def line_of(file: str, name: str) -> Location:
    """Line in which a module assigns to ``name``, or defines it; its first line, if it does not."""
    try:
        statements = ast.parse(Path(file).read_bytes()).body
    except OSError:
        statements = []
    lines = [node.lineno for node in statements
             if getattr(node, "name", None) == name
             or name in [getattr(target, "id", None) for target in getattr(node, "targets", ())]]
    return Location.of(file, lines[-1] if lines else 1)
