"""Coverpoints of the rules of paging, and how each is sampled.

====================================  ==========================================================
:mod:`sim.coverage.points.terms`      words that bins are made of
:mod:`sim.coverage.points.walk`       the walk: rules 1 to 3
:mod:`sim.coverage.points.rights`     rights of all levels, and in each mode: rules 4, 19 and 20
:mod:`sim.coverage.points.addresses`  tables, pages, canonical addresses: 6, 8, 19, 28 and 32
:mod:`sim.coverage.points.entries`    pages, reserved bits, XD: rules 5 to 7
:mod:`sim.coverage.points.verdict`    the verdict on an access: rules 9 to 13
:mod:`sim.coverage.points.keys`       protection keys: rules 14 and 36
:mod:`sim.coverage.points.flags`      accessed and dirty flags: rules 15 to 18
:mod:`sim.coverage.points.modes`      modes, and their changes: rules 19, 21, 30 and 37
:mod:`sim.coverage.points.pdptes`     PAE paging: rules 20, 28, 29 and 31
:mod:`sim.coverage.points.history`    what has happened to cached translations
:mod:`sim.coverage.points.cached`     cached translations: rules 22 to 27
:mod:`sim.coverage.points.pcids`      PCIDs: rules 32 to 35
:mod:`sim.coverage.points.tables`     tables that are known: rules 25 to 27, 32, 33 and 35
====================================  ==========================================================
"""

from collections.abc import Iterator, Sequence
from inspect import signature
from itertools import chain

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, OperationSeen, WriteSeen

from . import (
    addresses, cached, entries, flags, keys, modes, pcids, pdptes, rights, tables, verdict, walk,
)


__all__ = ["Sampler", "rule_points"]


_PARTS = (walk, rights, addresses, entries, verdict, keys, flags, modes, pdptes, cached, pcids,
          tables)


def rule_points(config: MmuConfig) -> list[Coverpoint]:
    """All coverpoints of the rules for a unit, rule by rule."""
    found = chain.from_iterable(part.points(config) for part in _PARTS)
    return sorted(found, key=lambda coverpoint: coverpoint.rule)


class Sampler:
    """Sampler of the bins that an observation hits.

    Parameters
    ----------
    coverpoints : sequence of :class:`sim.coverage.bins.Coverpoint`
        Coverpoints to sample.
    """

    def __init__(self, coverpoints: Sequence[Coverpoint]):
        #: Samplers by what they take: the annotation of their first argument says that.
        self._of: dict[str, list[Coverpoint]] = {"page": [], "access": [], "write": [],
                                                 "operation": []}
        kinds = {AccessSeen: "access", WriteSeen: "write", OperationSeen: "operation"}
        for coverpoint in coverpoints:
            assert coverpoint.sample is not None, coverpoint.name
            first, *further = signature(coverpoint.sample, eval_str=True).parameters.values()
            self._of["page" if further else kinds[first.annotation]].append(coverpoint)

    def hits(self, seen: AccessSeen | WriteSeen | OperationSeen
             ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the coverpoint and the bin of each hit."""
        if isinstance(seen, AccessSeen):
            yield from self._each("access", seen)
            for page in seen.pages:
                yield from self._each("page", seen, page)
        else:
            yield from self._each("write" if isinstance(seen, WriteSeen) else "operation", seen)

    def _each(self, kind: str, *arguments: object) -> Iterator[tuple[str, tuple[str, ...]]]:
        for coverpoint in self._of[kind]:
            assert coverpoint.sample is not None, coverpoint.name
            for values in coverpoint.sample(*arguments):
                yield coverpoint.name, values
