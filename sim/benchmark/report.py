"""Figures for a terminal, and as JSON."""

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from hw.config import MmuConfig
from sw.arch.x86.include.asm.page_types import PAGE_SIZE

from .series import REPETITIONS, Figure
from .targets import Figures, Verdict, judged
from .works import SLOW


__all__ = ["SCHEMA", "as_json", "as_text"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

#: What the works are, in the order of the report.
WORKS = {
    "copies":    "copies of a page by the kernel",
    "recorded":  "... and a look at their trace",
    "loads":     "single loads by the kernel",
    "registers": "reads of CR0 by the kernel",
    "waiting":   f"waiting for memory, {SLOW} cycles",
    "run":       "dragoncage run, the whole command",
    "vectors":   "access vectors, line to line",
}

ENGINES = ("pysim", "cxxrtl", "bare")


def as_text(figures: Sequence[Figure]) -> str:
    """Figures and targets in lines of 80 columns at most."""
    known = {(figure.work, figure.engine): figure for figure in figures}
    lines = [
        f"Each figure is the best of {REPETITIONS} repetitions (pysim runs the command once).",
        "ratio: cxxrtl to pysim; bare: a loop in C++ around the compiled design.",
        "", _line("cycles/s", *ENGINES, "ratio"),
        *(_row(text, work, known, attrgetter("cycles_per_second"))
          for work, text in WORKS.items() if work != "vectors"),
        "", _line("per second", *ENGINES, "ratio"),
        _row("bytes copied by the kernel", "copies", known,
             lambda figure: figure.per_second * PAGE_SIZE),
        *(_row(WORKS[work], work, known, attrgetter("per_second"))
          for work in ("loads", "registers", "vectors")),
        "", _line("seconds", *ENGINES, "ratio"), _seconds(known),
        "", "targets", *map(_verdict, judged(figures)),
    ]
    return "\n".join(lines) + "\n"


def as_json(figures: Sequence[Figure], *, seconds: float) -> str:
    """Figures and targets as a JSON document. ``seconds`` is what each work was given."""
    return json.dumps({
        "schema":  SCHEMA,
        "config":  asdict(MmuConfig()),
        "host":    {"cpus": os.cpu_count(), "machine": platform.machine(),
                    "python": platform.python_version()},
        "seconds": seconds,
        "figures": [_figure(figure) for figure in figures],
        "targets": [{"name": verdict.target.name, "text": verdict.target.text,
                     "measured": verdict.measured, "relation": verdict.target.relation,
                     "bound": verdict.target.bound, "met": verdict.met}
                    for verdict in judged(figures)],
    }, indent=2) + "\n"


def _row(text: str, work: str, known: Figures, rate: Callable[[Figure], float]) -> str:
    rates = {engine: rate(known[work, engine]) for engine in ENGINES if (work, engine) in known}
    return _line(text, *(f"{rates[engine]:,.0f}" if engine in rates else "-" for engine in ENGINES),
                 _number(rates["cxxrtl"] / rates["pysim"]))


def _seconds(known: Figures) -> str:
    slow, fast = known["run", "pysim"].seconds, known["run", "cxxrtl"].seconds
    return _line(WORKS["run"], f"{slow:.2f}", f"{fast:.2f}", "-", _number(slow / fast))


def _line(text: str, *cells: str) -> str:
    *rates, ratio = cells
    return f"{text:35}" + "".join(f"{rate:>12}" for rate in rates) + f"{ratio:>8}"


def _verdict(verdict: Verdict) -> str:
    target = verdict.target
    return (f"{'ok' if verdict.met else 'missed':8}{target.text:44}"
            f"{_number(verdict.measured):>12} {target.relation:>2} {target.bound:,}")


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _figure(figure: Figure) -> dict[str, Any]:
    return {**asdict(figure), "per_second": figure.per_second,
            "cycles_per_second": figure.cycles_per_second}
