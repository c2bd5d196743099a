"""Functional coverage: bins that were hit, bins that cannot be, and what is missing.

A bin is a name such as "WP=0 R/W=0 user" in a group such as "CR0.WP". A group says of each of its
bins whether this configuration can reach it, and if not, why.
"""

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


__all__ = ["Coverage", "Group", "always"]


WIDTH = 80  # columns of a report


def always(*values: str) -> str | None:
    """Nothing is impossible."""


@dataclass(frozen=True)
class Group:
    """Bins of one kind.

    Attributes
    ----------
    name, question : :class:`str`
        What they are called, and what they ask.
    bins : tuple of tuples
        The bins, each a tuple of values.
    impossible : callable
        Takes the values of a bin; why it cannot be reached, or None.
    """

    name:       str
    question:   str
    bins:       tuple[tuple[str, ...], ...]
    impossible: Callable[..., str | None] = always


@dataclass
class Coverage:
    """How often each bin was hit.

    Attributes
    ----------
    groups : :class:`dict`
        The groups by name.
    hits : :class:`Counter`
        Hits by group and bin.
    """

    groups: Mapping[str, Group]
    hits:   Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)

    @classmethod
    def of(cls, groups: Iterable[Group]) -> Self:
        """Coverage of ``groups``, with no hit yet."""
        return cls({group.name: group for group in groups})

    def hit(self, group: str, *values: str) -> None:
        """Count a hit. Which bins there are is looked at when somebody asks for them."""
        self.hits[group, values] += 1

    def missing(self, group: Group) -> list[tuple[str, ...]]:
        """Bins that can be reached and were not."""
        return [bin_ for bin_ in group.bins
                if not self.hits[group.name, bin_] and group.impossible(*bin_) is None]

    def excluded(self, group: Group) -> dict[str, int]:
        """Why bins cannot be reached, and how many these are."""
        return dict(Counter(reason for bin_ in group.bins
                            if (reason := group.impossible(*bin_)) is not None))

    def wrong(self) -> list[str]:
        """Hits of bins that do not exist, or cannot be reached: the model is wrong about them."""
        found = []
        for (name, bin_), count in self.hits.items():
            group = self.groups.get(name)
            if count and (group is None or bin_ not in group.bins):
                found.append(f"{name}: there is no bin {' '.join(bin_)!r}")
            elif count and group is not None and (reason := group.impossible(*bin_)) is not None:
                found.append(f"{name}: {' '.join(bin_)!r} was hit, but: {reason}")
        return found

    @property
    def holes(self) -> list[str]:
        """Everything that is missing, as text."""
        return [f"{group.name}: {' '.join(bin_)}" for group in self.groups.values()
                for bin_ in self.missing(group)]

    # Files

    def save(self, path: Path) -> None:
        """Write the hits, as JSON."""
        path.write_text(json.dumps([[group, bin_, count] for (group, bin_), count
                                    in sorted(self.hits.items())], indent=0), encoding="utf-8")

    def load(self, path: Path) -> None:
        """Add the hits that were saved."""
        for group, bin_, count in json.loads(path.read_text(encoding="utf-8")):
            self.hits[group, tuple(bin_)] += count

    # The report

    def report(self, title: str) -> str:
        """All groups, what is missing in them, and what cannot be reached."""
        lines = [*_wrapped(title, ""), ""]
        for group in self.groups.values():
            lines += self._of_group(group)
        return "\n".join([*lines, "", self.summary]) + "\n"

    @property
    def summary(self) -> str:
        """How many bins were hit, of those that can be."""
        wanted = sum(self._wanted(group) for group in self.groups.values())
        hit    = wanted - len(self.holes)
        return f"{hit} of {wanted} bins hit ({_percent(hit, wanted)})"

    @staticmethod
    def _wanted(group: Group) -> int:
        return sum(group.impossible(*bin_) is None for bin_ in group.bins)

    def _of_group(self, group: Group) -> list[str]:
        wanted = self._wanted(group)
        hit    = wanted - len(self.missing(group))
        total = sum(self.hits[group.name, bin_] for bin_ in group.bins)
        lines = [f"{group.name:<20} {hit:>4} of {wanted:<4} {_percent(hit, wanted):>4}"
                 f" {total:>10,} hits",
                 *_wrapped(group.question)]
        if wanted:
            least = min((self.hits[group.name, bin_], bin_) for bin_ in group.bins
                        if group.impossible(*bin_) is None)
            lines += _wrapped(f"least: {' '.join(least[1])}, {least[0]:,} times")
        for bin_ in self.missing(group):
            lines += _wrapped(f"MISSING: {' '.join(bin_)}")
        for reason, count in self.excluded(group).items():
            lines += _wrapped(f"cannot be: {count} {'bin' if count == 1 else 'bins'}; {reason}")
        return lines


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole}%" if whole else "-"


def _wrapped(text: str, indent: str = "    ") -> list[str]:
    """``text`` in lines that fit."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
