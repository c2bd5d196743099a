"""Proofs: no two PCIDs ever have a stamp in common, so that no row counts under two of them.

They hold for ever, by induction: the sentences also say what the bank keeps, for what its ports
show follows from that.

Ref: Intel SDM Vol. 3A, section 4.10.1 "Process-Context Identifiers (PCIDs)", section 4.10.4.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from itertools import combinations
from operator import and_
from typing import Any
from unittest import mock

from amaranth.hdl import Cat, Signal

from hw.layout import Flush
from hw.presets import PRESETS
import hw.tlb.stamps
from hw.tlb.stamps import FIRST, LAST, StampBank

from .design import inputs_of
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .rows import Rows
from .stamp_use import Watch, used_as_promised


__all__ = ["CONFIG", "PROPERTIES", "few_contexts", "prove_of_stamps"]


CONFIG = PRESETS["default"]


@contextmanager
def few_contexts() -> Iterator[list[Any]]:
    """Rows of the banks' memory, which keep the stamps of four PCIDs, not eight: all are alike."""
    rows = [Signal(hw.tlb.stamps._Context, name=f"row_{number}") for number in range(4)]

    def memory(*, shape: Any, depth: Any, init: Any) -> Any:
        assert (shape, depth, init) == (rows[0].shape(), len(rows), [])
        return Rows(rows)

    with (mock.patch.object(hw.tlb.stamps, "CONTEXTS", len(rows)),
          mock.patch.object(hw.tlb.stamps, "Memory", memory)):
        yield rows


#: Kinds of stamps that each PCID has of its own.
KINDS = ("local", "structure")


def all_of(conditions: Any) -> Any:
    return reduce(and_, conditions)


def prove_of_stamps(bank: Any, inside: Any, kept: Any) -> None:
    """Prove that no two PCIDs have a stamp in common in a ``bank``.

    ``inside`` it they are, and in the rows that are ``kept``.
    """
    watch = Watch(bank)
    valid = [inside._valid[number] for number in range(len(kept))]
    named, own = bank.named_stamps, bank.stamps
    other   = (watch.asked != watch.owner) & ~bank.own
    alive = [(1, inside._current), *zip(valid, kept, strict=True)]
    pairs = [(this & other, mine, theirs)
             for (this, mine), (other, theirs) in combinations(alive, 2)]
    names = [(1, watch.owner), *zip(valid, inside._pcids, strict=True)]
    there = Cat(this & (pcid == watch.asked) for this, pcid in names[1:])
    prove_for_ever(
        Subject(inputs=inputs_of(bank), part=watch, given=used_as_promised(watch), fields={
            "asked":    bank.asked,
            "left":     bank.left,
            "switches": bank.switches,
            "flush":    (bank.flush, Flush),
            "own":      bank.own,
            "single":   bank.single,
            "sweep":    bank.sweep,
            "stamps":   bank.stamps.as_value(),
            "named_stamps": named.as_value(),
            "valid":    inside._valid,
            "known":    inside._known,
            "place":    inside._place,
        }), [
            Sentence("hw.tlb.stamps", "a PCID has no stamp of another",
                     other & watch.settled & named.as_value().any(),
                     all_of(named[kind] != own[kind] for kind in KINDS)),
            Sentence("hw.tlb.stamps", "what is found is what was asked for", watch.settled,
                     (inside._known == there.any())
                     & (~inside._known | (there == 1 << inside._place))),
            Sentence("hw.tlb.stamps", "a PCID that was forgotten is not kept", watch.forgot,
                     all_of(~this | (pcid != watch.forgotten) for this, pcid in names[1:])),
            Sentence("hw.tlb.stamps", "all that are kept are of different PCIDs", inside._valid,
                     all_of(~(this & other) | (one != two) for (this, one), (other, two)
                            in combinations(names, 2))),
            Sentence("hw.tlb.stamps", "... which are beside their stamps", inside._valid,
                     all_of(~this | (pcid == row.pcid) for this, pcid, row
                            in zip(valid, inside._pcids, kept, strict=True))),
            Sentence("hw.tlb.stamps", "... and differ from each other", inside._valid,
                     all_of(~both | (mine[kind] != theirs[kind])
                            for both, mine, theirs in pairs for kind in KINDS)),
            Sentence("hw.tlb.stamps", "a stamp that is given next was not given since the sweep",
                     inside._next <= LAST,
                     all_of(~there | ((stamps[kind] >= FIRST) & (stamps[kind] < inside._next))
                            for there, stamps in alive for kind in (*KINDS, "shared")
                            if kind in KINDS or stamps is inside._current)),
        ], cycles=5, depth=2)


def _prove() -> None:
    with few_contexts() as kept:
        bank = StampBank(CONFIG)
        prove_of_stamps(bank, bank, kept)


PROPERTIES = [Property(
    name="stamps", block="hw.tlb.stamps", source="SDM 4.10.1, 4.10.4",
    says="no two PCIDs have a stamp in common, what is kept is of different PCIDs, and what is "
         "forgotten is not kept; a new stamp was not given since the last sweep",
    method=Method.INDUCTION, depth=2, units=("four PCIDs",), prove=lambda unit, depth: _prove())]
