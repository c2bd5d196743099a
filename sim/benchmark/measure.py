"""Measurement of all workloads on the engines."""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from sim.engines.base import Simulation
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.cxxrtl.native import native
from sim.engines.cxxrtl.vectors import CompiledVectors
from sim.engines.pysim import PysimEngine
from sim.memory import PhysicalMemory

from .bare import BareCopies
from .series import REPETITIONS, Figure, Series
from .vectors import VectorLines
from .works import CONFIG, SLOW, Engine, Unrecorded, Workload, on_kernel, wait


__all__ = ["command_cycles", "measure"]


#: Engines whose traces are decoded, and those for workloads whose traces are not.
RECORDING:  dict[str, Engine] = {"pysim": PysimEngine, "cxxrtl": CxxrtlEngine}
UNRECORDED: dict[str, Engine] = {"pysim": PysimEngine, "cxxrtl": Unrecorded}

#: Runs of the whole command: one takes pysim some seconds.
RUNS = {"pysim": 1, "cxxrtl": REPETITIONS}

#: Folder in which "python -m dragoncage" is this project.
ROOT = Path(__file__).parents[2]

#: Some work, done a number of times.
Work = Callable[[int], Awaitable[None]]


def measure(
    *, seconds: float, announce: Callable[[str], None],
    clock: Callable[[], float] = time.perf_counter,
) -> list[Figure]:
    """Measure all workloads, each for about ``seconds``.

    ``announce`` is called before each repetition, with the names of workload and engine. Raises
    :class:`sim.errors.Unavailable` without a compiler.
    """
    # Both are compiled now, so that no figure has the time of a compiler.
    native(CONFIG)
    CompiledVectors()
    session = _Session(seconds, announce, clock)
    for engine in ("pysim", "cxxrtl"):
        session.kernel(engine)
        session.recorded(engine)
        session.waiting(engine)
        session.vectors(engine)
        session.command(engine)
    session.look()
    return session.figures


def command_cycles(engine: str) -> int:
    """Run the command that a user types, in a process of its own; return its cycles."""
    done = subprocess.run([sys.executable, "-m", "dragoncage", "run", "--engine", engine, "--json"],
                          cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    [run] = json.loads(done.stdout)["runs"]
    cycles: int = run["cycles"]
    return cycles


class _Session:
    """Measurements, and the figures so far."""

    def __init__(
        self, seconds: float, announce: Callable[[str], None], clock: Callable[[], float],
    ):
        self.figures: list[Figure] = []
        self._seconds  = seconds
        self._announce = announce
        self._clock    = clock

    def kernel(self, engine: str) -> None:
        """Measure work of a kernel whose trace is not decoded; on cxxrtl, the bare loop too."""
        async def do(workload: Workload) -> None:
            works = [(self._series(name, engine, lambda: workload.engine.cycle), work)
                     for name, work in (("copies", workload.copies), ("loads", workload.loads),
                                        ("registers", workload.registers))]
            bare = await BareCopies.of(workload, native(CONFIG)) if engine == "cxxrtl" else None
            if bare is not None:
                works.append((self._series("copies", "bare", lambda: bare.cycles), bare.copies))
            await self._timed(works, workload.engine)
            await workload.check()
            if bare is not None:
                bare.check()

        on_kernel(UNRECORDED[engine], do)

    def recorded(self, engine: str) -> None:
        """Measure copies by a kernel, with all records of them."""
        async def do(workload: Workload) -> None:
            workload.looked = workload.engine.cycle
            series = self._series("recorded", engine, lambda: workload.engine.cycle)
            await self._timed([(series, workload.recorded)], workload.engine)

        on_kernel(RECORDING[engine], do)

    def look(self) -> None:
        """Measure a look at the trace of copies, which are no part of it.

        On cxxrtl alone: pysim makes its records as it goes.
        """
        async def do(workload: Workload) -> None:
            workload.looked = workload.engine.cycle
            series = self._series("look", "cxxrtl", lambda: workload.looked)
            await self._timed([(series, workload.look)], before=workload.copies)

        on_kernel(CxxrtlEngine, do)

    def waiting(self, engine: str) -> None:
        """Measure cycles in which a unit waits for memory."""
        machine = UNRECORDED[engine](CONFIG, memory=PhysicalMemory(latency=SLOW))
        series  = self._series("waiting", engine, lambda: machine.cycle)
        machine.run(lambda: self._timed([(series, lambda count: wait(machine, count))], machine))

    def vectors(self, engine: str) -> None:
        """Measure access vectors, which are read and written as text."""
        series = Series("vectors", engine, seconds=self._seconds, clock=self._clock)
        timed  = self._timed([(series, VectorLines(engine).vectors)])
        try:
            timed.send(None)
        except StopIteration:
            return
        raise AssertionError("a run of vectors must not wait for anything")

    def command(self, engine: str) -> None:
        """Measure whole runs."""
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
                     machine: Simulation[Any] | None = None, *, before: Work | None = None) -> None:
        """Time ``works`` alternately, so that a computer that is busy for a while slows all alike.

        ``machine`` is the engine that records them. What is done ``before`` each is not timed.
        """
        async def once(series: Series, work: Work, count: int) -> None:
            self._announce(f"{series.work}, {series.engine}")
            if before is not None:
                await before(count)
            series.begin()
            await work(count)
            series.end(count)
            if machine is not None:
                _ = machine.trace.cycles  # reads the log, or drops it

        # The garbage collector must not search what earlier works left while this one is timed.
        gc.collect()
        gc.freeze()
        try:
            for series, work in works:
                for count in series.warm_up():
                    await once(series, work, count)
            for counts in zip(*(series.counts() for series, _ in works), strict=True):
                for (series, work), count in zip(works, counts, strict=True):
                    await once(series, work, count)
        finally:
            gc.unfreeze()
        self.figures += [series.best for series, _ in works]
