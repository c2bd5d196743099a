"""Races that come with the project, by the names that the command line uses.

=========================================  =======================================================
:mod:`sim.explore.races.cast`              processes, threads, and a file that they may only read
:mod:`sim.explore.races.dirty_cow`         a forced write against MADV_DONTNEED
:mod:`sim.explore.races.huge_dirty_cow`    the same to the huge page of zeros
:mod:`sim.explore.races.missing_flush`     a copied page that is not flushed
:mod:`sim.explore.races.mremap_flush`      a move of two page tables, against a truncation
:mod:`sim.explore.races.nested_flush`      a dropped page that a third processor still reads
:mod:`sim.explore.races.shared_dirty_cow`  the same to sealed memory
:mod:`sim.explore.races.unlocked_dirty`    D set without a lock, against a fork
:mod:`sim.explore.races.vmsplice`          a page in a pipe, written by the parent
=========================================  =======================================================
"""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sim.explore.race import RaceModule


__all__ = ["RACES", "race_called"]


#: Modules of the races.
RACES: Mapping[str, str] = MappingProxyType({
    "dirty-cow":        "dirty_cow",
    "huge-dirty-cow":   "huge_dirty_cow",
    "mremap-flush":     "mremap_flush",
    "nested-flush":     "nested_flush",
    "vmsplice":         "vmsplice",
    "shared-dirty-cow": "shared_dirty_cow",
    "missing-flush":    "missing_flush",
    "unlocked-dirty":   "unlocked_dirty",
})


def race_called(name: str) -> RaceModule:
    """The module of a race."""
    module: Any = importlib.import_module(f"{__name__}.{RACES[name]}")
    found: RaceModule = module
    return found
