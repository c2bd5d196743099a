"""Maker of a folder of machines: see :mod:`sim.engines.cxxrtl.prebuilt`."""

from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

from hw.presets import PRESETS

from . import prebuilt
from .native import Design
from .platforms import Platform


__all__ = ["fill"]


def fill(folder: Path, platform: Platform, *, presets: Iterable[str], cpus: Iterable[int],
         announce: Callable[[str], None]) -> list[Path]:
    """Compile the machine of each preset and number of processors into a folder; return the files.

    The folder exists. Each machine is announced before it is made, or found in the cache. Raises
    :class:`sim.errors.Unavailable` without a compiler, Yosys or a cache, and what
    :func:`.prebuilt.publish` does.
    """
    made = []
    for preset, count in product(presets, cpus):
        name = f"{preset}-{count}-{platform.name}.so"
        announce(name)
        design = Design(PRESETS[preset], count)
        prebuilt.publish(folder, name, design.compiled(platform), design.parts, platform.name)
        made.append(folder / name)
    return made
