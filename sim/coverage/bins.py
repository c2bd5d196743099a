"""Functional coverage: bins that were hit, bins that cannot be, and holes.

A bin is a name such as "WP=0 R/W=0 user" at a coverpoint such as "CR0.WP". A coverpoint gives for
each of its bins that this configuration cannot reach the reason.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sim.output.text import wrap


__all__ = ["Coverage", "Coverpoint", "always"]


#: Indents of what a report says of a coverpoint: of the first line, and of those after it.
INDENTS = ("    ", "      ")


def always(*values: str) -> str | None:
    """Return None: every bin can be reached."""


@dataclass(frozen=True)
class Coverpoint:
    """Bins of one kind.

    Attributes
    ----------
    name, description : :class:`str`
        A short name, and the condition that the bins divide.
    bins : tuple of tuples
        The bins, each a tuple of values.
    impossible : callable
        Takes the values of a bin, returns the reason why it cannot be reached, or None.
    rule : :class:`int`
        Number of the rule in docs/paging-rules.md whose sentence names the conditions; 0: none.
    axes : tuple of :class:`str`
        Names of the values of a bin, by which a stimulus for it is drawn.
    sample : callable or None
        Takes what is observed, yields the bins that this hits; None: the testbench samples it.
    recipe : :class:`str`
        The stimulus that reaches its bins: one of :data:`sim.coverage.stimulus.RECIPES`.
    """

    name:        str
    description: str
    bins:        tuple[tuple[str, ...], ...]
    impossible:  Callable[..., str | None] = always
    rule:        int = 0
    axes:        tuple[str, ...] = ()
    sample:      Callable[..., Iterable[tuple[str, ...]]] | None = None
    recipe:      str = "access"


@dataclass
class Coverage:
    """Hits of each bin.

    Attributes
    ----------
    coverpoints : :class:`dict`
        The coverpoints by name.
    hits : :class:`Counter`
        Hits by coverpoint and bin.
    """

    coverpoints: Mapping[str, Coverpoint]
    hits:        Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)

    @classmethod
    def of(cls, coverpoints: Iterable[Coverpoint]) -> Self:
        """Coverage of ``coverpoints``, with no hit yet."""
        return cls({coverpoint.name: coverpoint for coverpoint in coverpoints})

    def hit(self, coverpoint: str, *values: str) -> None:
        """Count a hit. A bin that does not exist is found by :meth:`illegal_hits`."""
        self.hits[coverpoint, values] += 1

    def missing(self, coverpoint: Coverpoint) -> list[tuple[str, ...]]:
        """Bins that can be reached and were not."""
        return [bin_ for bin_ in coverpoint.bins
                if not self.hits[coverpoint.name, bin_] and coverpoint.impossible(*bin_) is None]

    def excluded(self, coverpoint: Coverpoint) -> dict[str, int]:
        """Number of bins that cannot be reached, by reason."""
        return dict(Counter(reason for bin_ in coverpoint.bins
                            if (reason := coverpoint.impossible(*bin_)) is not None))

    def illegal_hits(self) -> list[str]:
        """Hits of bins that do not exist, or cannot be reached: the model is wrong about them."""
        illegal = []
        for (name, bin_), count in self.hits.items():
            coverpoint = self.coverpoints.get(name)
            if not count:
                continue
            if coverpoint is None or bin_ not in coverpoint.bins:
                illegal.append(f"{name}: there is no bin {' '.join(bin_)!r}")
            elif (reason := coverpoint.impossible(*bin_)) is not None:
                illegal.append(f"{name}: {' '.join(bin_)!r} was hit, but: {reason}")
        return illegal

    @property
    def holes(self) -> list[str]:
        """Bins that can be reached and were not, as text."""
        return [f"{coverpoint.name}: {' '.join(bin_)}" for coverpoint in self.coverpoints.values()
                for bin_ in self.missing(coverpoint)]

    # Files

    def save(self, path: Path) -> None:
        """Write the hits, as JSON."""
        path.write_text(json.dumps([[name, bin_, count] for (name, bin_), count
                                    in sorted(self.hits.items())], indent=0), encoding="utf-8")

    def load(self, path: Path) -> None:
        """Add the hits that were saved."""
        for name, bin_, count in json.loads(path.read_text(encoding="utf-8")):
            self.hits[name, tuple(bin_)] += count

    # The report

    def report(self, title: str) -> str:
        """All coverpoints, with their holes, and the bins that cannot be reached."""
        lines = [*wrap(title, "", "  "), ""]
        for coverpoint in self.coverpoints.values():
            lines += self._of(coverpoint)
        return "\n".join([*lines, "", self.summary]) + "\n"

    @property
    def summary(self) -> str:
        """Number of bins that were hit, of those that can be."""
        wanted = sum(map(self._wanted, self.coverpoints.values()))
        hit    = wanted - len(self.holes)
        return f"{hit} of {wanted} bins hit ({_percent(hit, wanted)})"

    @staticmethod
    def _wanted(coverpoint: Coverpoint) -> int:
        return sum(coverpoint.impossible(*bin_) is None for bin_ in coverpoint.bins)

    def _of(self, coverpoint: Coverpoint) -> list[str]:
        wanted = self._wanted(coverpoint)
        hit    = wanted - len(self.missing(coverpoint))
        total  = sum(self.hits[coverpoint.name, bin_] for bin_ in coverpoint.bins)
        lines  = [f"{coverpoint.name:<20} {hit:>4} of {wanted:<4} {_percent(hit, wanted):>4}"
                  f" {total:>10,} hits",
                  *wrap(coverpoint.description, *INDENTS)]
        if wanted:
            least = min((self.hits[coverpoint.name, bin_], bin_) for bin_ in coverpoint.bins
                        if coverpoint.impossible(*bin_) is None)
            lines += wrap(f"least: {' '.join(least[1])}, {least[0]:,} times", *INDENTS)
        for bin_ in self.missing(coverpoint):
            lines += wrap(f"MISSING: {' '.join(bin_)}", *INDENTS)
        for reason, count in self.excluded(coverpoint).items():
            bins   = "bin" if count == 1 else "bins"
            lines += wrap(f"cannot be: {count} {bins}; {reason}", *INDENTS)
        return lines


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole}%" if whole else "-"
