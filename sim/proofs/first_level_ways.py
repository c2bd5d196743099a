"""Proof: the first level of the TLB never has two translations of one page, in whatever way.

By induction: the sentences also say what its memories keep.

Ref: Intel SDM Vol. 3A, section 4.10.2 "Translation Lookaside Buffers".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from typing import Any
from unittest import mock

from amaranth.hdl import Array, Cat, Const, Elaboratable, Module, Signal

import hw.tlb.first
from hw.layout import Flush
from hw.presets import PRESETS
from hw.tlb.first import FirstLevel, row_layout, set_width

from .design import inputs_of
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .rows import Rows


__all__ = ["CONFIG", "PROPERTIES", "prove_of_ways", "rows_of_ways", "what_ways_keep"]


#: Two sets of two ways.
CONFIG = replace(PRESETS["default"], tlb_entries=4)


@contextmanager
def rows_of_ways(config: Any = CONFIG) -> Iterator[list[list[Any]]]:
    """Rows of each way's memory, in which first levels keep translations meanwhile."""
    sets = config.tlb_entries // config.tlb_ways
    rows = [[Signal(row_layout(config), name=f"way_{way}_row_{number}") for number in range(sets)]
            for way in range(config.tlb_ways)]
    of_ways = cycle(rows)  # Each translation of the design asks for those of all ways anew.

    def memory(*, shape: Any, depth: int, init: Any) -> Rows:
        assert (shape, depth, init) == (rows[0][0].shape(), sets, [])
        return Rows(next(of_ways))

    with mock.patch.object(hw.tlb.first, "Memory", memory):
        yield rows


class Watch(Elaboratable):
    """A first level, and whether a translation is stored in this cycle."""

    def __init__(self, first: Any):
        self.first  = first
        self.filled = Signal()

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.first = self.first
        m.d.sync += self.filled.eq(self.first.fill.valid)
        return m


def what_ways_keep(inside: Any, rows: list[list[Any]], filled: Any) -> list[Sentence]:
    """Sentences about what the ways of a first level keep, so that one of them hits at most.

    ``rows`` are those of its ways; ``filled`` says that a translation is stored.
    """
    width  = set_width(inside.config)
    looked = inside._looked
    index, tag = looked[:width], looked[width:]
    ways   = range(inside.config.tlb_ways)
    valid  = [inside._valid[way] for way in ways]

    def has(way: int) -> Any:
        """A way has the page that was looked up last."""
        return (valid[way].bit_select(index, 1)
                & (Array(row.tag for row in rows[way])[index] == tag))

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("hw.tlb.first", text, when, then)

    return [
        says("no two ways of a set have the same page", Cat(*valid).any(), Cat(
            ~(valid[0][number] & valid[1][number] & (one.tag == other.tag))
            for number, (one, other) in enumerate(zip(*rows, strict=True))).all()),
        says("what is stored is of the page that was looked up, and in one way",
             filled, (inside._stored.tag == tag) & (inside._storing == inside._matches)
             & inside._storing.any()),
        says("a fill is stored in the cycle after, and nothing else is", Const(1),
             inside._storing.any() == filled),
        says("the other way does not have the page that is stored", filled, Cat(
            ~has(way) | inside._storing[way] for way in ways).all()),
        says("a way that has the page that was looked up hits", ~filled, Cat(
            ~has(way) | inside._matches[way] for way in ways).all()),
    ]


def prove_of_ways(first: Any, inside: Any, rows: list[list[Any]]) -> None:
    """Prove that at most one way of a first level, which is ``inside``, has any page.

    ``rows`` are those of its ways.
    """
    watch = Watch(first)
    asked = first.look + first.fill.valid + (first.drop | first.pieces) + (
        first.flush != Flush.NONE)
    ways  = range(inside.config.tlb_ways)
    prove_for_ever(
        Subject(inputs=inputs_of(first), part=watch,
                given=(asked <= 1) & (~watch.filled | (asked == 0))
                & (first.flush.as_value() <= Flush.ALL.value), fields={
                    "page":    first.page,
                    "look":    first.look,
                    "fill":    first.fill.valid,
                    "drop":    first.drop,
                    "pieces":  first.pieces,
                    "flush":   (first.flush, Flush),
                    "matches": inside._matches,
                    "storing": inside._storing,
                    "looked":  inside._looked,
                    **{f"valid {way}": inside._valid[way] for way in ways},
                }), [
            Sentence("hw.tlb.first", "at most one way hits", Const(1), ~Cat(
                first.candidates[way].hit for way in ways).all()),
            *what_ways_keep(inside, rows, watch.filled),
        ], cycles=5, depth=1)


def _prove() -> None:
    with rows_of_ways() as rows:
        first = FirstLevel(CONFIG)
        prove_of_ways(first, first, rows)


PROPERTIES = [Property(
    name="first-level-ways", block="hw.tlb.first", source="SDM 4.10.2",
    says="the first level never has two translations of one page: at most one way hits",
    method=Method.INDUCTION, units=("two sets",), prove=lambda unit, depth: _prove())]
