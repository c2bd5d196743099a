"""Checks of the kernel, on one of its mutants: the cheapest first."""

from collections.abc import Sequence
from functools import cache

from sim.mutation.forked import forked
from sim.mutation.results import SURVIVED, Result
from sim.mutation.suite import Suite

from .mutants import Draw, KernelMutant, list_mutants
from .scripts import Scripts, noticed
from .suite import TESTS, KernelHooks


__all__ = ["CHECKS", "try_mutant"]


#: Seconds within which a check of some seconds ends on any machine, and the factor by which all may
#: be slower than they were without a mutant.
PATIENCE, SLOWER = 60.0, 20.0

#: The checks by name, in their order.
CHECKS = ("scripts", "tests")


def try_mutant(draw: Draw, number: int, checks: Sequence[str]) -> Result:
    """Do checks on a mutant until one notices it. Raises :class:`sim.errors.Unavailable`."""
    mutant = _mutants(draw)[number - 1]
    for name in CHECKS:
        if name in checks and (words := _CHECKS[name](mutant)):
            return Result(number, name, words)
    return Result(number, SURVIVED, "")


@cache
def _mutants(draw: Draw) -> Sequence[KernelMutant]:
    return list_mutants(draw)


@cache
def _all_scripts() -> Scripts:
    return Scripts()


@cache
def _suite() -> Suite:
    return Suite(TESTS, KernelHooks)


def _scripts(mutant: KernelMutant) -> str:
    """Play the scripts that call its function."""
    scripts = _all_scripts().of(mutant.function)
    return forked(lambda: noticed(mutant, scripts),
                  PATIENCE + SLOWER * sum(script.seconds for script in scripts))


def _tests(mutant: KernelMutant) -> str:
    """Play the tests that call its function."""
    suite = _suite()
    names = sorted((name for name, touched in suite.touched.items()
                    if mutant.function in touched), key=suite.durations.__getitem__)
    return suite.play(mutant, names, PATIENCE + SLOWER * sum(
        suite.durations[name] for name in names))


_CHECKS = {"scripts": _scripts, "tests": _tests}
