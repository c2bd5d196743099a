"""Targets of our own for the speed of the compiled engine, and for files made of its runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sim.benchmark.bounds import within
from sim.benchmark.report import number
from sim.benchmark.series import Figure, Figures
from sim.output.text import table


__all__ = ["TARGETS", "Target", "Verdict", "judged", "verdicts_as_text"]


@dataclass(frozen=True)
class Target:
    """A bound for something that is measured.

    Attributes
    ----------
    name, text : :class:`str`
        A short name, and the name of what is measured.
    relation : :class:`str`
        Of the measured value to ``bound``: ``">="`` or ``"<"``.
    of : callable
        The value that is measured, from all figures.
    """

    name:     str
    text:     str
    relation: str
    bound:    float
    of:       Callable[[Figures], float]


@dataclass(frozen=True)
class Verdict:
    """A target, and the value that was measured."""

    target:   Target
    measured: float

    @property
    def met(self) -> bool:
        """True if the target was met."""
        return within(self.measured, self.target.relation, self.target.bound)


def _cycles(work: str, engine: str) -> Callable[[Figures], float]:
    return lambda figures: figures[work, engine].cycles_per_second or 0.0


def _cycles_ratio(work: str, engine: str, other: str) -> Callable[[Figures], float]:
    return lambda figures: _cycles(work, engine)(figures) / _cycles(work, other)(figures)


TARGETS = (
    Target("speedup", "cycles/s of copies, cxxrtl to pysim", ">=", 100,
           _cycles_ratio("copies", "cxxrtl", "pysim")),
    Target("cycles", "cycles/s of copies, cxxrtl", ">=", 1_000_000,
           _cycles("copies", "cxxrtl")),
    Target("loads", "single loads/s, cxxrtl", ">=", 100_000,
           lambda figures: figures["loads", "cxxrtl"].per_second),
    Target("limit", "cycles/s of copies, kernel to bare loop", ">=", 0.5,
           _cycles_ratio("copies", "cxxrtl", "bare")),
    Target("look", "cycles/s of a look at a trace, cxxrtl", ">=", 1_000_000,
           _cycles("look", "cxxrtl")),
    Target("vectors", "access vectors/s, cxxrtl", ">=", 50_000,
           lambda figures: figures["vectors", "cxxrtl"].per_second),
    Target("run", "seconds of dragoncage run --engine cxxrtl", "<", 3,
           lambda figures: figures["run", "cxxrtl"].seconds),
    Target("page", "seconds for the article's page", "<", 5,
           lambda figures: figures["page", "cxxrtl"].seconds),
    Target("size", "MB of the article's page", "<", 2,
           lambda figures: figures["page", "cxxrtl"].count / 1e6),
    Target("files", "seconds for shootdown's page and trace", "<", 10,
           lambda figures: figures["files", "cxxrtl"].seconds),
)


def judged(figures: Iterable[Figure]) -> list[Verdict]:
    """Compare the figures with all targets."""
    known = {(figure.work, figure.engine): figure for figure in figures}
    return [Verdict(target, target.of(known)) for target in TARGETS]


def verdicts_as_text(verdicts: Iterable[Verdict]) -> str:
    """Return a table of what was measured, and whether it is enough."""
    rows: list[Sequence[str]] = [
        ("met" if verdict.met else "MISSED", verdict.target.text, number(verdict.measured),
         f"{verdict.target.relation} {verdict.target.bound:,}") for verdict in verdicts]
    return table([("target", "", "measured", "bound"), *rows])
