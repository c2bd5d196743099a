"""Pools that do the parts of a sweep in this process."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sim.explore.pool import Pool
from sim.sweep.report import Found, as_json
from sim.sweep.rules import digits, outcomes
from sim.sweep.run import Result, sweep
from sim.sweep.state import State


__all__ = ["document_with_a_difference", "pool_of_one", "swept"]


@contextmanager
def pool_of_one():
    """A pool whose one worker is a thread."""
    with ThreadPoolExecutor(1) as executor:
        yield Pool(iter([executor]), 1)


def swept(first, stop, state=None, **options):
    """A sweep from ``first`` to before ``stop``."""
    with pool_of_one() as pool:
        return sweep(first, stop, pool, state or State(first, stop, "test"), **options)


def document_with_a_difference():
    """The JSON of a sweep that has found something: case number 0, with an outcome made up."""
    result = Result(0, 1, differences=1, wrong=[0], smallest=[0, 0, 0, 1, 1, 5, 2, 0] + [0] * 6)
    case   = result.difference.case
    judged = outcomes(case.space, digits(case.space) | case.space.slow_values(case.block))
    return as_json(result, Found(result.difference, judged))
