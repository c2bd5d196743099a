"""Maker of a folder of machines: see :mod:`sim.engines.cxxrtl.prebuilt`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr
from io import StringIO
from itertools import product
from pathlib import Path

from hw.presets import PRESETS

from . import prebuilt
from .native import Design
from .platforms import Platform


__all__ = ["TOGETHER", "fill"]


#: Machines that are best compiled at the same time: each takes some hundred megabytes.
TOGETHER = 2


#: Calls of a function, done by somebody, and their results in the same order: such as
#: :meth:`sim.explore.pool.Pool.calls`.
Calls = Callable[[Callable[..., Path], Sequence[tuple[str, int, Platform]]], Iterator[Path]]


def fill(folder: Path, platform: Platform, *, presets: Iterable[str], cpus: Iterable[int],
         calls: Calls, announce: Callable[[str], None]) -> list[Path]:
    """Compile the machine of each preset and number of processors into a folder; return the files.

    The folder exists. ``calls`` has the machines compiled, or found in the cache; each is announced
    before it is waited for. Raises :class:`sim.errors.Unavailable` without a compiler, Yosys or a
    cache, and what :func:`.prebuilt.publish` does.
    """
    made: list[Path] = []
    chosen = [*product(presets, cpus)]
    found  = calls(_compiled, [(preset, count, platform) for preset, count in chosen])
    for preset, count in chosen:
        name = f"{preset}-{count}-{platform.name}.so"
        announce(f"{name} ({len(made) + 1} of {len(chosen)})")
        parts = Design(PRESETS[preset], count).parts
        prebuilt.publish(folder, name, next(found), parts, platform.name)
        made.append(folder / name)
    return made


def _compiled(preset: str, count: int, platform: Platform) -> Path:
    """One machine, a file in the cache."""
    # Several that show their progress would write over each other.
    with redirect_stderr(StringIO()):
        return Design(PRESETS[preset], count).compiled(platform)
