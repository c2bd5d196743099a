"""Maker of a folder of machines: see :mod:`sim.engines.cxxrtl.prebuilt`."""

from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from itertools import product
from pathlib import Path
from threading import Event

from hw.presets import PRESETS

from . import prebuilt
from .native import Design
from .platforms import Platform


__all__ = ["fill"]


#: Machines that are compiled at the same time: each takes some hundred megabytes.
TOGETHER = 2


def fill(folder: Path, platform: Platform, *, presets: Iterable[str], cpus: Iterable[int],
         announce: Callable[[str], None]) -> list[Path]:
    """Compile the machine of each preset and number of processors into a folder; return the files.

    The folder exists. Each machine is announced before it is waited for. Raises
    :class:`sim.errors.Unavailable` without a compiler, Yosys or a cache, and what
    :func:`.prebuilt.publish` does.
    """
    made: list[Path] = []
    designs = {f"{preset}-{count}-{platform.name}.so": Design(PRESETS[preset], count)
               for preset, count in product(presets, cpus)}

    ended = Event()

    def waiting() -> None:
        if ended.is_set():
            raise CancelledError

    with ThreadPoolExecutor(TOGETHER) as compiling:
        found = [compiling.submit(design.compiled, platform, waiting=waiting)
                 for design in designs.values()]
        try:
            for (name, design), file in zip(designs.items(), found, strict=True):
                announce(f"{name} ({len(made) + 1} of {len(designs)})")
                prebuilt.publish(folder, name, file.result(), design.parts, platform.name)
                made.append(folder / name)
        finally:
            # After an interrupt, or if one fails, nobody wants to wait for the others.
            ended.set()
            compiling.shutdown(wait=False, cancel_futures=True)
    return made
