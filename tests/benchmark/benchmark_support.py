"""Figures of engines as somebody might measure them."""

from sim.benchmark.report import WORKS
from sim.benchmark.series import Figure


__all__ = ["figures"]


def figures(**changes):
    """Figures of a machine that meets every target; ``changes`` are (count, cycles, seconds)."""
    made = {(work, "pysim"): (10, 1_000, 1.0) for work in WORKS if work != "look"}
    made |= {(work, "cxxrtl"): (150_000, 1_500_000, 1.0) for work in WORKS}
    made |= {("copies", "bare"): (200_000, 2_000_000, 1.0)}
    made |= {("vectors", "pysim"): (10, None, 1.0), ("vectors", "cxxrtl"): (60_000, None, 1.0)}
    made |= {("run", "pysim"): (1, 9_000, 6.0), ("run", "cxxrtl"): (1, 9_000, 1.5)}
    made |= {("page", "cxxrtl"): (1_999_999, None, 4.9), ("files", "cxxrtl"): (9, None, 9.9)}
    made |= {tuple(key.split("_")): value for key, value in changes.items()}
    return [Figure(*key, *value) for key, value in made.items()]
