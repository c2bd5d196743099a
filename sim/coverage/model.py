"""The model of coverage for a unit: all bins of all rules, numbered."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from hw.config import MmuConfig

from .bins import Coverpoint
from .points import Sampler, rule_points


__all__ = ["Bin", "Model", "model_of"]


class Bin(NamedTuple):
    """A bin that the unit can reach.

    Attributes
    ----------
    number : :class:`int`
        Its number among all of the unit's, of every rule.
    coverpoint : :class:`Coverpoint`
        What it divides.
    values : tuple of :class:`str`
        Its values.
    """

    number:     int
    coverpoint: Coverpoint
    values:     tuple[str, ...]

    @property
    def text(self) -> str:
        """Its values in one line."""
        return ", ".join(self.values)


@dataclass(frozen=True)
class Model:
    """All bins for a unit.

    Attributes
    ----------
    coverpoints : tuple of :class:`Coverpoint`
        Coverpoints, rule by rule.
    bins : tuple of :class:`Bin`
        Bins that can be reached, in their order.
    ignored : dict
        For each coverpoint by its name, the bins that cannot be, by the reason.
    numbers : dict
        Numbers of bins by coverpoint and values.
    sampler : :class:`Sampler`
        Sampler of all of them.
    """

    coverpoints: tuple[Coverpoint, ...]
    bins:        tuple[Bin, ...]
    ignored:     dict[str, dict[str, list[tuple[str, ...]]]]
    numbers:     dict[tuple[str, tuple[str, ...]], int]
    sampler:     Sampler

    def of_rules(self, rules: Iterable[int]) -> list[Bin]:
        """Bins of some rules."""
        wanted = frozenset(rules)
        return [bin_ for bin_ in self.bins if bin_.coverpoint.rule in wanted]


@cache
def model_of(config: MmuConfig) -> Model:
    """The model for a unit."""
    coverpoints = tuple(rule_points(config))
    ignored: dict[str, dict[str, list[tuple[str, ...]]]] = {}
    bins:    list[Bin] = []
    for coverpoint in coverpoints:
        reasons = ignored.setdefault(coverpoint.name, {})
        for values in coverpoint.bins:
            reason = coverpoint.impossible(*values)
            if reason is None:
                bins.append(Bin(len(bins), coverpoint, values))
            else:
                reasons.setdefault(reason, []).append(values)
    numbers = {(bin_.coverpoint.name, bin_.values): bin_.number for bin_ in bins}
    return Model(coverpoints, tuple(bins), ignored, numbers, Sampler(coverpoints))
