"""Proofs: no two PCIDs ever have a stamp in common, so that no row counts under two of them.

They hold for ever, by induction: the sentences also say what the bank keeps, for what its ports
show follows from that.

Ref: Intel SDM Vol. 3A, section 4.10.1 "Process-Context Identifiers (PCIDs)", section 4.10.4.
"""

from dataclasses import replace
from functools import reduce
from itertools import combinations
from operator import and_

import pytest
from amaranth.hdl import Elaboratable, Module, Mux, Signal

from hw.layout import Flush
from hw.presets import PRESETS
import hw.tlb.stamps
from hw.tlb.stamps import FIRST, LAST, StampBank

from .flaw_support import Flawed
from .proof_support import Disproved, Sentence, Subject, prove_for_ever
from .solver_support import inputs_of


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

CONFIG = replace(PRESETS["default"], pcid=True)


@pytest.fixture(autouse=True)
def few_contexts(monkeypatch):
    """The banks keep the stamps of four PCIDs, and not of eight: all are alike."""
    monkeypatch.setattr(hw.tlb.stamps, "CONTEXTS", 4)


#: Kinds of stamps that each PCID has of its own.
KINDS = ("local", "structure")


class Watch(Elaboratable):
    """A bank of stamps, and the PCID that its stamps are of.

    Attributes
    ----------
    bank : component
        As it was given.
    owner : :class:`Signal`
        The PCID to which the bank was told to switch last.
    """

    def __init__(self, bank):
        self.bank  = bank
        self.owner = Signal(12)

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = self.bank
        with m.If(self.bank.switches):
            m.d.sync += self.owner.eq(self.bank.pcid)
        return m


def used_as_the_tlb_does(watch):
    """One thing at a time; a switch before all else, and nothing once stamps are used up.

    What concerns global rows names the current PCID.
    """
    bank  = watch.bank
    flush = bank.flush != Flush.NONE
    moved = watch.owner != bank.pcid
    return ((bank.switches + flush + bank.sweep <= 1)
            & (~bank.switches | moved) & (~(flush | bank.sweep) | ~moved)
            & (~(bank.switches | flush) | ~bank.exhausted)
            & (bank.left == watch.owner)
            & ((bank.flush != Flush.OF_PCID_AND_GLOBAL) | (bank.named == bank.pcid))
            & (~bank.single | (bank.flush == Flush.OF_PCID)
               | (bank.flush == Flush.OF_PCID_AND_GLOBAL) | ~flush)
            & (bank.flush.as_value() <= max(flush.value for flush in Flush)))


def all_of(conditions):
    return reduce(and_, conditions)


def prove_of_stamps(bank, inside):
    """Prove that no two PCIDs have a stamp in common in a ``bank``, ``inside`` which they are."""
    watch = Watch(bank)
    valid = [inside._valid[number] for number in range(len(inside._left))]
    named, own = bank.named_stamps, bank.stamps
    other = (watch.owner == bank.pcid) & (bank.named != bank.pcid)
    alive = [(1, inside._current), *zip(valid, inside._left, strict=True)]
    pairs = [(this & other, mine, theirs)
             for (this, mine), (other, theirs) in combinations(alive, 2)]
    names = [(1, watch.owner), *zip(valid, inside._pcids, strict=True)]
    prove_for_ever(
        Subject(inputs=inputs_of(bank), part=watch, given=used_as_the_tlb_does(watch), fields={
            "pcid":     bank.pcid,
            "left":     bank.left,
            "switches": bank.switches,
            "flush":    (bank.flush, Flush),
            "named":    Mux(bank.flush != Flush.NONE, bank.named, 0),
            "single":   bank.single,
            "sweep":    bank.sweep,
            "stamps":   bank.stamps.as_value(),
            "named_stamps": named.as_value(),
            "valid":    inside._valid,
        }), [
            Sentence("hw.tlb.stamps", "a PCID has no stamp of another",
                     other & named.as_value().any(),
                     all_of(named[kind] != own[kind] for kind in KINDS)),
            Sentence("hw.tlb.stamps", "all that are kept are of different PCIDs", inside._valid,
                     all_of(~(this & other) | (one != two) for (this, one), (other, two)
                            in combinations(names, 2))),
            Sentence("hw.tlb.stamps", "... and differ from each other", inside._valid,
                     all_of(~both | (mine[kind] != theirs[kind])
                            for both, mine, theirs in pairs for kind in KINDS)),
            Sentence("hw.tlb.stamps", "a stamp that is given next was not given since the sweep",
                     inside._next <= LAST,
                     all_of(~there | ((stamps[kind] >= FIRST) & (stamps[kind] < inside._next))
                            for there, stamps in alive for kind in (*KINDS, "shared")
                            if kind in KINDS or stamps is inside._current)),
        ], cycles=4, depth=1)


def test_no_two_pcids_have_a_stamp_in_common():
    bank = StampBank(CONFIG)
    prove_of_stamps(bank, bank)


def knows_half_of_the_pcids(m, ports, sound):
    """The lowest bit of a PCID is not looked at."""
    m.d.comb += [getattr(sound, name).eq(getattr(ports, name)[1:])
                 for name in ("pcid", "left", "named")]


def is_never_exhausted(m, ports, sound):
    """There is always another stamp."""
    m.d.comb += ports.exhausted.eq(0)


def forgets_who_was_left(m, ports, sound):
    """A PCID that is left is kept as the one that is current."""
    m.d.comb += sound.left.eq(ports.pcid)


@pytest.mark.parametrize("flaw, sentence", [
    (knows_half_of_the_pcids, "a PCID has no stamp of another"),
    (is_never_exhausted, "a stamp that is given next"),
    (forgets_who_was_left, "all that are kept are of different PCIDs"),
])
def test_a_bank_in_which_they_do_is_disproved(flaw, sentence):
    inside = StampBank(CONFIG)
    with pytest.raises(Disproved, match=rf"^hw\.tlb\.stamps: .*{sentence}"):
        prove_of_stamps(Flawed(lambda config: inside, CONFIG, flaw), inside)
