"""Proof: the TLB uses its bank of stamps as it has promised, by which that one is proven.

Stamps are used up after three, so that sweeps are among the runs.
"""

from dataclasses import replace

import pytest
from amaranth.hdl import Signal

import hw.tlb.stamps
from hw.layout import Flush
from hw.presets import PRESETS
from hw.tlb.tlb import Tlb

from .flaw_support import Flawed
from .proof_support import Disproved, Sentence, Subject, prove
from .solver_support import inputs_of
from .stamp_support import Watch, used_as_promised


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

#: Levels of as few sets as there can be: how many is nothing to the bank of stamps.
CONFIG = replace(PRESETS["default"], tlb_entries=2, second_entries=4, directory_entries=2,
                 reference_entries=2)

#: From reset: stamps are used up, swept, and used again.
CYCLES = 12


@pytest.fixture(autouse=True)
def few_stamps(monkeypatch):
    """The banks keep the stamps of four PCIDs, and have used up theirs after a few strobes."""
    monkeypatch.setattr(hw.tlb.stamps, "CONTEXTS", 4)
    monkeypatch.setattr(hw.tlb.stamps, "LAST", hw.tlb.stamps.FIRST + 4)


class Use(Watch):
    """A TLB and its bank of stamps.

    Attributes
    ----------
    moved : :class:`Signal`
        The current PCID is another one than in the cycle before.
    may_move : :class:`Signal`
        It may be: nothing was to be done then.
    """

    def __init__(self, tlb, bank):
        super().__init__(bank, part=tlb)
        self.moved, self.may_move = Signal(), Signal()

    def elaborate(self, platform):
        m   = super().elaborate(platform)
        tlb = self.part
        pcid = Signal(12)
        m.d.comb += self.moved.eq(tlb.pcid != pcid)
        m.d.sync += [
            pcid.eq(tlb.pcid),
            self.may_move.eq(~tlb.busy & (tlb.invalidate.flush == Flush.NONE)),
        ]
        return m


def used_as_the_unit_does(use):
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


def prove_of_use(tlb, inside):
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
        ], cycles=CYCLES)


def test_the_tlb_uses_the_bank_of_stamps_as_it_has_promised():
    tlb = Tlb(CONFIG)
    prove_of_use(tlb, tlb)


def forgets_of_another_pcid(m, ports, sound):
    """A write of CR3 names another PCID than the one that is to be current."""
    with m.If(ports.invalidate.flush == Flush.OF_PCID):
        m.d.comb += sound.invalidate.pcid.eq(~ports.invalidate.pcid)


def forgets_pages_of_another_pcid(m, ports, sound):
    """An invalidation of global pages, too, names another PCID than the current one."""
    with m.If(ports.invalidate.flush == Flush.OF_PCID_AND_GLOBAL):
        m.d.comb += sound.invalidate.pcid.eq(~ports.invalidate.pcid)


def moves_at_any_time(m, ports, sound):
    """The PCID is another one in the cycle after something was forgotten."""
    other, before = Signal(), Signal.like(sound.pcid)
    with m.If(sound._stamps.flush != Flush.NONE):
        m.d.sync += other.eq(~other)
    m.d.sync += before.eq(sound.pcid)
    m.d.comb += [sound.pcid.eq(ports.pcid ^ other), sound.moved.eq(sound.pcid != before)]


@pytest.mark.parametrize("flaw, told", [
    (forgets_of_another_pcid, "switch"),
    (forgets_pages_of_another_pcid, "forget"),
    (moves_at_any_time, "switch"),
])
def test_a_tlb_that_does_not_is_disproved(flaw, told):
    inside = Tlb(CONFIG)
    with pytest.raises(Disproved, match=rf"^hw\.tlb\.stamps: the bank is told to {told}"):
        prove_of_use(Flawed(lambda config: inside, CONFIG, flaw), inside)
