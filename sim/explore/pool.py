"""Workers that do the units of a search: processes here, or those of a Dask cluster."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from sim.errors import Unavailable

from .unit import Chain, Played, Samples, Setting, do_unit


__all__ = ["Pool", "cluster", "processes"]


T = TypeVar("T")

#: Units that are handed out for each worker: one that it does, and some that wait.
AHEAD = 4

#: Seconds between two calls of somebody who waits.
PAUSE = 0.2

#: How often workers may be lost before a search gives up.
LOSSES = 3


class Pool:
    """An executor that is replaced when its workers are lost.

    Parameters
    ----------
    executors : iterator of :class:`concurrent.futures.Executor`
        Executors, each made when the one before has broken.
    jobs : :class:`int`
        Workers of one.
    """

    def __init__(self, executors: Iterator[Executor], jobs: int):
        self._executors = executors
        self._executor  = next(executors)
        self._ahead     = AHEAD * jobs
        self._losses    = 0

    def results(self, setting: Setting,
                units: Sequence[Chain | Samples]) -> Iterator[list[Played]]:
        """Yield the result of each unit, in their order. Raises :class:`Unavailable`."""
        yield from self.calls(do_unit, [(setting, unit) for unit in units])

    def calls(self, function: Callable[..., T], arguments: Sequence[tuple[Any, ...]],
              waiting: Callable[[], None] = lambda: None) -> Iterator[T]:
        """Yield the results of calls of a function, in their order. Raises :class:`Unavailable`.

        ``waiting`` is called several times a second while there is none.
        """
        futures: dict[int, Future[T]] = {}
        for number in range(len(arguments)):
            while True:
                try:
                    for later in range(number, min(number + self._ahead, len(arguments))):
                        if later not in futures:
                            futures[later] = self._executor.submit(function, *arguments[later])
                    while not wait([futures[number]], timeout=PAUSE).done:
                        waiting()
                    result = futures[number].result()
                    break
                except BrokenExecutor as error:
                    # What was done and not yet taken is done again: the results are the same.
                    futures.clear()
                    self._replace(error)
            del futures[number]
            yield result

    def _replace(self, error: BrokenExecutor) -> None:
        self._losses += 1
        if self._losses > LOSSES:
            raise Unavailable(f"workers were lost {self._losses} times, last: {error}") from error
        self._executor = next(self._executors)


@contextmanager
def processes(jobs: int) -> Iterator[Pool]:
    """Processes of this computer.

    They are started afresh, without what this process has imported: copies of small processes are
    made faster.
    """
    made: list[ProcessPoolExecutor] = []
    others = set(multiprocessing.active_children())

    def executors() -> Iterator[Executor]:
        while True:
            made.append(ProcessPoolExecutor(
                jobs, mp_context=multiprocessing.get_context("spawn"), initializer=signal.signal,
                initargs=(signal.SIGINT, signal.SIG_DFL)))
            yield made[-1]

    try:
        yield Pool(executors(), jobs)
    except BaseException:
        # Whoever interrupts a search does not want to wait for the units that are under way.
        for process in {*multiprocessing.active_children()} - others:
            process.terminate()
        raise
    finally:
        for executor in made:
            executor.shutdown(cancel_futures=True)


@contextmanager
def cluster(address: str) -> Iterator[Pool]:
    """Workers of the Dask cluster whose scheduler is at ``address``. Raises :class:`Unavailable`.

    A unit whose worker is lost is given to another one by the scheduler.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise Unavailable("a cluster needs the extra cluster: pip install 'dragoncage[cluster]'"
                          ) from error
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(f"no scheduler answers at {address}: {error}") from error
    with client:
        yield Pool(iter([client.get_executor(pure=False)]), max(1, len(client.ncores())))
