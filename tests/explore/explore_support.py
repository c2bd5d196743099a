"""Searches in this process, and a race of a few steps."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from sim.explore.pool import Pool
from sim.explore.search import Result, Strategy, search
from sim.explore.state import State
from sim.explore.unit import Setting


__all__ = ["COW", "Here", "explored"]


#: Dirty COW, in the era that had it.
COW = Setting("dirty-cow")


class Here(Executor):
    """An executor that does everything at once.

    Attributes
    ----------
    done : :class:`list`
        Arguments of the calls so far.
    """

    def __init__(self) -> None:
        self.done: list[Sequence[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function."""
        self.done.append(args)
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def explored(strategy: Strategy, setting: Setting = COW, *, schedules: int | None = None,
             seed: int = 0, state: State | None = None,
             executors: Iterator[Executor] | None = None) -> Result:
    """Search in this process, or on other executors."""
    pool = Pool(executors or iter([Here()]), 1)
    return search(setting, strategy, pool, schedules=schedules, seed=seed,
                  state=state or State(setting))
