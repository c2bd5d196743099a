"""Checks of the kernel, on one of its mutants: the cheapest first."""

from collections.abc import Sequence
from functools import cache

from sim.mutation.forked import forked
from sim.mutation.mutant import Draw
from sim.mutation.suite import Suite

from .mutants import KernelMutant, list_mutants
from .scripts import Scripts, noticed
from .suite import TESTS, KernelHooks


__all__ = ["CHECKS"]


#: Seconds of the processor that any script or test may take, and how many for each that it takes
#: without a mutant. What comes to that limit hangs.
PATIENCE, SLOWER = 5.0, 3.0


@cache
def _mutants(draw: Draw) -> Sequence[KernelMutant]:
    return list_mutants(draw)


@cache
def _all_scripts(draw: Draw) -> Scripts:
    return Scripts(_mutants(draw))


@cache
def _suite(draw: Draw) -> Suite:
    return Suite(TESTS, KernelHooks, _mutants(draw))


def _scripts(draw: Draw, number: int) -> str:
    """Play the scripts that execute a line of a mutant."""
    mutant  = _mutants(draw)[number - 1]
    scripts = _all_scripts(draw).of(mutant)
    limits  = [PATIENCE + SLOWER * script.seconds for script in scripts]
    return forked(lambda: noticed(mutant, scripts, limits), PATIENCE + sum(limits))


def _tests(draw: Draw, number: int) -> str:
    """Play the tests that execute a line of a mutant."""
    mutant, suite = _mutants(draw)[number - 1], _suite(draw)
    names = sorted((name for name, touched in suite.touched.items()
                    if str(number) in touched), key=suite.durations.__getitem__)
    return suite.play(mutant, names, PATIENCE, SLOWER)


#: The checks by name, the cheapest first. Each tells what it notices in a mutant of a draw.
CHECKS = {"scripts": _scripts, "tests": _tests}
