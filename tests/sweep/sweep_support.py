"""Pools that do the parts of a sweep in this process."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sim.explore.pool import Pool
from sim.sweep.run import sweep
from sim.sweep.state import State


__all__ = ["pool_of_one", "swept"]


@contextmanager
def pool_of_one():
    """A pool whose one worker is a thread."""
    with ThreadPoolExecutor(1) as executor:
        yield Pool(iter([executor]), 1)


def swept(first, stop, state=None, **options):
    """A sweep from ``first`` to before ``stop``."""
    with pool_of_one() as pool:
        return sweep(first, stop, pool, state or State(first, stop, "test"), **options)
