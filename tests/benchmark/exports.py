"""Measurement of files that are made of a run: pages, and traces for Perfetto."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.benchmark.series import Figure
from sim.page.html import Page
from sim.perfetto.export import PerfettoExport
from sim.scenario.export import Export
from sim.scenario.scenario import Scenario
from sim.scenarios import SCENARIOS


__all__ = ["measure_exports"]


#: Runs with the files, and runs without, of which the shortest count.
RUNS = 3


def measure_exports(announce: Callable[[str], None],
                    clock: Callable[[], float] = time.perf_counter) -> list[Figure]:
    """Measure the page of the article, and the page and trace of the scenario shootdown.

    Seconds of a figure are those beyond the run itself, on cxxrtl, and its count is the bytes of
    the files. ``announce`` is called before each run, with its name.
    """
    with TemporaryDirectory() as folder:
        page, trace = Page(Path(folder, "page.html")), PerfettoExport(Path(folder, "trace"))
        works = {"page": ("article", [page]), "files": ("shootdown", [page, trace])}
        return [_measured(work, SCENARIOS[name], exports, announce, clock)
                for work, (name, exports) in works.items()]


def _measured(work: str, scenario: Scenario, exports: Sequence[Page | PerfettoExport],
              announce: Callable[[str], None], clock: Callable[[], float]) -> Figure:
    def seconds(made: Sequence[Export]) -> float:
        announce(f"{work}, {scenario.name}")
        begun = clock()
        run   = scenario.perform(engine="cxxrtl", era="5.x", exports=made)
        ended = clock()
        if not run.holds or run.unwritten:
            raise RuntimeError(f"{scenario.name} cannot be measured: "
                               f"{run.failure or run.mistake or run.unwritten or run.claims}")
        return ended - begun

    seconds([])  # What is compiled is compiled now.
    times = [(seconds([]), seconds(exports)) for _ in range(RUNS)]
    alone, whole = (min(column) for column in zip(*times, strict=True))
    return Figure(work, "cxxrtl", sum(export.file.stat().st_size for export in exports), None,
                  whole - alone)
