"""Runs of a script on the kernel of this machine."""

import os
import platform
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from sim.errors import Unavailable

from .bystanders import reached
from .linux.kernel import LinuxHost
from .model import HUGEPAGES
from .outcome import Outcome
from .player import play
from .script import Script
from .settings import another


__all__ = ["here", "lacking", "on_linux", "steady"]


#: What a script needs with a step that reaches other processes than its own.
_ALONE = "a machine without other processes: {} would reach them, and is not played here"

_POOL = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")

_THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def on_linux(script: Script) -> Sequence[Outcome]:
    """Play a script on the kernel of this machine, if it harms nobody there.

    Raises :class:`sim.errors.Unavailable`.
    """
    if others := reached(script):
        raise Unavailable(_ALONE.format(others))
    with LinuxHost(root="root" in script.needs, vdso="vdso" in script.needs) as host:
        return _result(play(script, host))


def steady(script: Script, *, wanted: Callable[[Sequence[Outcome]], bool],
           plays: int = 3) -> Sequence[Outcome]:
    """Play a script on Linux until its outcomes are as ``wanted``, a few times at most.

    A machine that has other work to do may write pages to its disk, or move them, while a script
    looks; so what is found once only need not be the kernel's rule.
    """
    outcomes = on_linux(script)
    for _ in range(plays - 1):
        if wanted(outcomes):
            break
        outcomes = on_linux(script)
    return outcomes


def _result(coroutine: Coroutine[Any, Any, list[Outcome]]) -> list[Outcome]:
    """Result of a coroutine that waits for nothing but by blocking."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        found: list[Outcome] = stop.value
        return found
    raise AssertionError("a script on Linux is played in one go")


def here() -> str:
    """Name and version of this machine's kernel."""
    return f"{platform.system()} {platform.release()}"


def _pool() -> list[int]:
    """Pages of this machine's pool: all, those that are free, and those that are promised."""
    return [int((_POOL / name).read_text(encoding="utf-8")) if _POOL.exists() else 0
            for name in ("nr_hugepages", "free_hugepages", "resv_hugepages")]


def lacking(script: Script) -> str:
    """Name what a script needs and this machine, or its user, has not; "" if nothing lacks."""
    if others := reached(script):
        return _ALONE.format(others)
    if other := another(script.switches):
        return other
    if "root" in script.needs and os.geteuid():
        return "root"
    if "thp" in script.needs and not (_THP.exists() and "[never]" not in _THP.read_text(
            encoding="utf-8")):
        return "transparent huge pages"
    if "hugetlb" in script.needs and _pool() != [HUGEPAGES, HUGEPAGES, 0]:
        return f"a pool of {HUGEPAGES} huge pages (vm.nr_hugepages), all of them free"
    return ""
