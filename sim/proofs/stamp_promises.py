"""Proof: the TLB uses its bank of stamps as it has promised, by which that one is proven.

Stamps are used up after three, so that sweeps are among the runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from amaranth.hdl import Module, Signal

import hw.tlb.stamps
from hw.layout import Flush
from hw.presets import PRESETS
from hw.tlb.tlb import Tlb

from .design import inputs_of
from .proof import Sentence, Subject, prove
from .property import Method, Property
from .stamp_use import Watch, used_as_promised


__all__ = ["CONFIG", "PROPERTIES", "few_stamps", "prove_of_use"]


#: Levels of as few sets as there can be: how many is nothing to the bank of stamps.
CONFIG = replace(PRESETS["default"], tlb_entries=2, second_entries=4, directory_entries=2,
                 reference_entries=2)


@contextmanager
def few_stamps() -> Iterator[None]:
    """The banks keep the stamps of four PCIDs, and have used up theirs after a few strobes."""
    with (mock.patch.object(hw.tlb.stamps, "CONTEXTS", 4),
          mock.patch.object(hw.tlb.stamps, "LAST", hw.tlb.stamps.FIRST + 4)):
        yield


class Use(Watch):
    """A TLB and its bank of stamps.

    Attributes
    ----------
    moved : :class:`Signal`
        The current PCID is another one than in the cycle before.
    may_move : :class:`Signal`
        It may be: nothing was to be done then.
    """

    def __init__(self, tlb: Any, bank: Any):
        super().__init__(bank, part=tlb)
        self.moved, self.may_move = Signal(), Signal()

    def elaborate(self, platform: Any) -> Module:
        m   = super().elaborate(platform)
        tlb = self.part
        pcid = Signal(12)
        m.d.comb += self.moved.eq(tlb.pcid != pcid)
        m.d.sync += [
            pcid.eq(tlb.pcid),
            self.may_move.eq(~tlb.busy & (tlb.invalidate.flush == Flush.NONE)),
        ]
        return m


def used_as_the_unit_does(use: Any) -> Any:
    """The PCID changes, and things are forgotten, while the TLB is not busy.

    What is forgotten with a change of the PCID is of the new one, as are pages with global ones.
    """
    tlb   = use.part
    named = tlb.invalidate
    flush = named.flush != Flush.NONE
    own   = named.pcid == tlb.pcid
    return ((tlb.moved == use.moved) & (~use.moved | use.may_move)
            & (~(flush & tlb.busy) | (use.moved & own))
            & ((named.flush != Flush.OF_PCID_AND_GLOBAL) | own)
            & (~(flush & named.single) | (named.flush == Flush.OF_PCID)
               | (named.flush == Flush.OF_PCID_AND_GLOBAL))
            & (named.flush.as_value() <= max(flush.value for flush in Flush)))


def prove_of_use(tlb: Any, inside: Any, cycles: int) -> None:
    """Prove that a ``tlb`` uses its bank of stamps, which is ``inside``, as it has promised."""
    use  = Use(tlb, inside._stamps)
    bank = use.bank
    promised = used_as_promised(use)
    prove(
        Subject(inputs=inputs_of(tlb), part=use, given=used_as_the_unit_does(use), fields={
            "pcid":       tlb.pcid,
            "invalidate": (tlb.invalidate.flush, Flush),
            "named":      tlb.invalidate.pcid,
            "page alone": tlb.invalidate.single,
            "busy":       tlb.busy,
            "asked":      bank.asked,
            "left":       bank.left,
            "switches":   bank.switches,
            "flush":      (bank.flush, Flush),
            "own":        bank.own,
            "single":     bank.single,
            "sweep":      bank.sweep,
            "exhausted":  bank.exhausted,
        }), [
            Sentence("hw.tlb.stamps", f"the bank is told to {what} as promised", when, promised)
            for what, when in {
                "switch":               bank.switches,
                "forget all of a PCID": (bank.flush != Flush.NONE) & ~bank.single,
                "forget tables":        (bank.flush != Flush.NONE) & bank.single,
                "begin anew":           bank.sweep,
            }.items()
        ], cycles=cycles)


def _prove(cycles: int) -> None:
    with few_stamps():
        tlb = Tlb(CONFIG)
        prove_of_use(tlb, tlb, cycles)


# From reset, in so many cycles stamps are used up, swept, and used again.
PROPERTIES = [Property(
    name="stamp-promises", block="hw.tlb.tlb", source="hw.tlb.stamps",
    says="the bank of stamps is told to switch before it is told to forget, when what it keeps has "
         "settled since it was asked, and nothing after the last stamp",
    method=Method.BOUNDED, depth=12, units=("few rows",), prove=lambda unit, depth: _prove(depth))]
