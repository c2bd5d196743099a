"""The works, done and timed on the engines."""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from sim.engines.base import Simulation
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.cxxrtl.native import native
from sim.engines.cxxrtl.vectors import CompiledVectors
from sim.engines.pysim import PysimEngine
from sim.memory import PhysicalMemory

from .bare import BareCopies
from .series import REPETITIONS, Figure, Series
from .vectors import VectorLines
from .works import CONFIG, SLOW, Engine, Unread, Workload, at_desk, wait


__all__ = ["command_cycles", "measure"]


#: Engines whose traces are looked at, and those for works after which nobody does.
RECORDING: dict[str, Engine] = {"pysim": PysimEngine, "cxxrtl": CxxrtlEngine}
UNREAD:    dict[str, Engine] = {"pysim": PysimEngine, "cxxrtl": Unread}

#: Runs of the whole command: one takes pysim some seconds.
RUNS = {"pysim": 1, "cxxrtl": REPETITIONS}

#: Where "python -m dragoncage" finds us.
ROOT = Path(__file__).parents[2]

#: Does a work so many times.
Work = Callable[[int], Awaitable[None]]


def measure(
    *, seconds: float, announce: Callable[[str], None],
    clock: Callable[[], float] = time.perf_counter,
) -> list[Figure]:
    """Do all works, each for about ``seconds``.

    ``announce`` is called before each repetition, with a text that says of what. Raises
    :class:`sim.errors.Unavailable` without a compiler.
    """
    native(CONFIG)  # compiles, and so does the next
    CompiledVectors()
    session = _Session(seconds, announce, clock)
    for engine in ("pysim", "cxxrtl"):
        session.kernel(engine)
        session.recorded(engine)
        session.waiting(engine)
        session.vectors(engine)
        session.command(engine)
    return session.figures


def command_cycles(engine: str) -> int:
    """Run the command that a user types, in a process of its own; return the cycles it says."""
    done = subprocess.run([sys.executable, "-m", "dragoncage", "run", "--engine", engine, "--json"],
                          cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    [run] = json.loads(done.stdout)["runs"]
    cycles: int = run["cycles"]
    return cycles


class _Session:
    """The figures so far, and what adds to them."""

    def __init__(
        self, seconds: float, announce: Callable[[str], None], clock: Callable[[], float],
    ):
        self.figures: list[Figure] = []
        self._seconds  = seconds
        self._announce = announce
        self._clock    = clock

    def kernel(self, engine: str) -> None:
        """Works of the kernel, whose trace nobody looks at; on cxxrtl, the bare loop among them."""
        async def do(desk: Workload) -> None:
            works = [(self._series(work, engine, lambda: desk.engine.cycle), does) for work, does in
                     (("copies", desk.copies), ("loads", desk.loads),
                      ("registers", desk.registers))]
            bare = await BareCopies.of(desk, native(CONFIG)) if engine == "cxxrtl" else None
            if bare is not None:
                works.append((self._series("copies", "bare", lambda: bare.cycles), bare.copies))
            await self._timed(works, desk.engine)
            await desk.check()
            if bare is not None:
                bare.check()

        at_desk(UNREAD[engine], do)

    def recorded(self, engine: str) -> None:
        """Copies by the kernel, with their trace."""
        async def do(desk: Workload) -> None:
            _ = desk.engine.trace.all_accesses  # what was before
            series = self._series("recorded", engine, lambda: desk.engine.cycle)
            await self._timed([(series, desk.recorded)], desk.engine)

        at_desk(RECORDING[engine], do)

    def waiting(self, engine: str) -> None:
        """Cycles in which a unit waits for memory."""
        machine = UNREAD[engine](CONFIG, memory=PhysicalMemory(latency=SLOW))
        series  = self._series("waiting", engine, lambda: machine.cycle)
        machine.run(lambda: self._timed([(series, lambda count: wait(machine, count))], machine))

    def vectors(self, engine: str) -> None:
        """Access vectors, which are read and written as text."""
        series = Series("vectors", engine, seconds=self._seconds, clock=self._clock)
        timed  = self._timed([(series, VectorLines(engine).vectors)])
        try:
            timed.send(None)
        except StopIteration:
            return
        raise AssertionError("vectors wait for somebody")

    def command(self, engine: str) -> None:
        """Whole runs."""
        figures = []
        for _ in range(RUNS[engine]):
            self._announce(f"run, {engine}")
            begun  = self._clock()
            cycles = command_cycles(engine)
            figures.append(Figure("run", engine, 1, cycles, self._clock() - begun))
        self.figures.append(min(figures, key=lambda figure: figure.seconds))

    def _series(self, work: str, engine: str, cycle: Callable[[], int]) -> Series:
        return Series(work, engine, seconds=self._seconds, clock=self._clock, cycle=cycle)

    async def _timed(self, works: Sequence[tuple[Series, Work]],
                     machine: Simulation | None = None) -> None:
        """Do ``works`` by turns, so that a computer that is busy for a while hinders all alike.

        ``machine`` is what records them.
        """
        async def once(series: Series, work: Work, count: int) -> None:
            self._announce(f"{series.work}, {series.engine}")
            series.begin()
            await work(count)
            series.end(count)
            if machine is not None:
                _ = machine.trace.all_accesses  # decodes the log, or drops it

        # What earlier works have left behind must not be looked through while this one is timed.
        gc.collect()
        gc.freeze()
        for series, work in works:
            for count in series.warm_up():
                await once(series, work, count)
        for counts in zip(*(series.counts() for series, _ in works), strict=True):
            for (series, work), count in zip(works, counts, strict=True):
                await once(series, work, count)
        self.figures += [series.best for series, _ in works]
