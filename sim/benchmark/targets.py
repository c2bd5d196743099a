"""What users may expect of the compiled engine, and whether it was so."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .series import Figure


__all__ = ["TARGETS", "Figures", "Target", "Verdict", "judged"]


#: Figures by work and engine.
Figures = Mapping[tuple[str, str], Figure]


@dataclass(frozen=True)
class Target:
    """One expectation.

    Attributes
    ----------
    name : :class:`str`
        What a script calls it.
    text : :class:`str`
        What it is of.
    relation : :class:`str`
        Of what is measured to ``bound``: ``">="`` or ``"<"``.
    of : callable
        What is measured.
    """

    name:     str
    text:     str
    relation: str
    bound:    float
    of:       Callable[[Figures], float]


@dataclass(frozen=True)
class Verdict:
    """A target, and what was measured."""

    target:   Target
    measured: float

    @property
    def met(self) -> bool:
        """Whether the target was met."""
        if self.target.relation == "<":
            return self.measured < self.target.bound
        return self.measured >= self.target.bound


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
    Target("vectors", "access vectors/s, cxxrtl", ">=", 50_000,
           lambda figures: figures["vectors", "cxxrtl"].per_second),
    Target("run", "seconds of dragoncage run --engine cxxrtl", "<", 3,
           lambda figures: figures["run", "cxxrtl"].seconds),
)


def judged(figures: Iterable[Figure]) -> list[Verdict]:
    """All targets."""
    known = {(figure.work, figure.engine): figure for figure in figures}
    return [Verdict(target, target.of(known)) for target in TARGETS]
