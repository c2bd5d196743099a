"""Figures as tables, and as JSON."""

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from hw.config import MmuConfig
from sim.output.text import table
from sw.arch.x86.include.asm.page_types import PAGE_SIZE

from .series import REPETITIONS, Figure, Figures
from .works import SLOW


__all__ = ["SCHEMA", "WORKS", "as_json", "as_text", "number"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

#: Names of the workloads, in the order of the report.
WORKS = {
    "copies":    "copies of a page by the kernel",
    "recorded":  "... and all records of them",
    "look":      "a look at the trace of copies",
    "loads":     "single loads by the kernel",
    "registers": "reads of CR0 by the kernel",
    "waiting":   f"waiting for memory, {SLOW} cycles",
    "run":       "dragoncage run, the whole command",
    "vectors":   "access vectors, line to line",
}

ENGINES = ("pysim", "cxxrtl", "bare")


def as_text(figures: Sequence[Figure]) -> str:
    """Return the figures in lines of 80 columns at most."""
    known = {(figure.work, figure.engine): figure for figure in figures}
    cycles = [_row(text, work, known, lambda figure: figure.cycles_per_second or 0.0)
              for work, text in WORKS.items() if work != "vectors"]
    rates = [
        _row("bytes copied by the kernel", "copies", known,
             lambda figure: figure.per_second * PAGE_SIZE),
        *(_row(WORKS[work], work, known, lambda figure: figure.per_second)
          for work in ("loads", "registers", "vectors")),
    ]
    return "\n".join((
        f"Each figure is the best of {REPETITIONS} repetitions (pysim runs the command once).\n"
        "ratio: cxxrtl to pysim; bare: a loop in C++ around the compiled design.\n",
        _table("cycles/s", cycles), _table("per second", rates),
        _table("seconds", [_seconds(known)])))


def as_json(figures: Sequence[Figure], *, seconds: float) -> str:
    """Return the figures as a JSON document. ``seconds`` is the time for each."""
    return json.dumps({
        "schema":  SCHEMA,
        "config":  asdict(MmuConfig()),
        "host":    {"cpus": os.cpu_count(), "machine": platform.machine(),
                    "python": platform.python_version()},
        "seconds": seconds,
        "figures": [_figure(figure) for figure in figures],
        "targets": [],  # a key of schema 1; what the project aims at is not for its users to judge
    }, indent=2) + "\n"


def number(value: float) -> str:
    """Return a number with three digits, or all that are before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(title: str, rows: Sequence[Sequence[str]]) -> str:
    return table([(title, *ENGINES, "ratio"), *rows], widths=(33, 10, 10, 10, 6))


def _row(text: str, work: str, known: Figures, rate: Callable[[Figure], float]) -> Sequence[str]:
    rates = {engine: rate(known[work, engine]) for engine in ENGINES if (work, engine) in known}
    return (text, *(f"{rates[engine]:,.0f}" if engine in rates else "-" for engine in ENGINES),
            number(rates["cxxrtl"] / rates["pysim"]) if "pysim" in rates else "-")


def _seconds(known: Figures) -> Sequence[str]:
    slow, fast = known["run", "pysim"].seconds, known["run", "cxxrtl"].seconds
    return (WORKS["run"], f"{slow:.2f}", f"{fast:.2f}", "-", number(slow / fast))


def _figure(figure: Figure) -> dict[str, Any]:
    return {**asdict(figure), "per_second": figure.per_second,
            "cycles_per_second": figure.cycles_per_second}
