"""Proofs: no two PCIDs ever have a stamp in common, so that no row counts under two of them.

They hold for ever, by induction: the sentences also say what the bank keeps, for what its ports
show follows from that.

Ref: Intel SDM Vol. 3A, section 4.10.1 "Process-Context Identifiers (PCIDs)", section 4.10.4.
"""

from functools import reduce
from itertools import combinations
from operator import and_
from types import SimpleNamespace

import pytest
from amaranth.hdl import Array, Cat, Elaboratable, Module, Signal

from hw.layout import Flush
from hw.presets import PRESETS
import hw.tlb.stamps
from hw.tlb.stamps import FIRST, LAST, StampBank

from .flaw_support import Flawed
from .proof_support import Disproved, Sentence, Subject, prove_for_ever
from .solver_support import inputs_of
from .stamp_support import Watch, used_as_promised


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

CONFIG = PRESETS["default"]


class Rows(Elaboratable):
    """A memory whose rows are registers of the test, which sentences can be about."""

    def __init__(self, kept):
        def port():
            return SimpleNamespace(
                addr=Signal(range(len(kept))), data=Signal(kept[0].shape()), en=Signal())

        self._kept = kept
        self._read, self._write = port(), port()

    def read_port(self, *, domain):
        assert domain == "comb"
        return self._read

    def write_port(self):
        return self._write

    def elaborate(self, platform):
        m = Module()
        rows = Array(row.as_value() for row in self._kept)
        m.d.comb += self._read.data.eq(rows[self._read.addr])
        with m.If(self._write.en):
            m.d.sync += rows[self._write.addr].eq(self._write.data)
        return m


@pytest.fixture
def kept(monkeypatch):
    """Rows of the banks' memory, which keep the stamps of four PCIDs, not eight: all are alike."""
    rows = [Signal(hw.tlb.stamps._Context, name=f"row_{number}") for number in range(4)]

    def memory(*, shape, depth, init):
        assert (shape, depth, init) == (rows[0].shape(), len(rows), [])
        return Rows(rows)

    monkeypatch.setattr(hw.tlb.stamps, "CONTEXTS", len(rows))
    monkeypatch.setattr(hw.tlb.stamps, "Memory", memory)
    return rows


#: Kinds of stamps that each PCID has of its own.
KINDS = ("local", "structure")


def all_of(conditions):
    return reduce(and_, conditions)


def prove_of_stamps(bank, inside, kept):
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


def test_no_two_pcids_have_a_stamp_in_common(kept):
    bank = StampBank(CONFIG)
    prove_of_stamps(bank, bank, kept)


def knows_half_of_the_pcids(m, ports, sound):
    """The lowest bit of a PCID is not looked at."""
    m.d.comb += [getattr(sound, name).eq(getattr(ports, name)[1:]) for name in ("asked", "left")]


def takes_all_for_its_own(m, ports, sound):
    """Whoever is meant, it is the current PCID."""
    m.d.comb += sound.own.eq(1)


def is_never_exhausted(m, ports, sound):
    """There is always another stamp."""
    m.d.comb += ports.exhausted.eq(0)


def forgets_who_was_left(m, ports, sound):
    """A PCID that is left is kept as the one that comes."""
    came = Signal(12)
    m.d.sync += came.eq(ports.asked)
    m.d.comb += sound.left.eq(came)


def is_asked_late(m, ports, sound):
    """A PCID is searched in the cycle after it is asked for."""
    asked = Signal(12)
    m.d.sync += asked.eq(ports.asked)
    m.d.comb += sound.asked.eq(asked)


def spares_who_is_not_current(m, ports, sound):
    """Nothing of a PCID is forgotten that is not the current one."""
    with m.If((ports.flush == Flush.OF_PCID) & ~ports.own):
        m.d.comb += sound.flush.eq(Flush.NONE)


@pytest.mark.parametrize("flaw, sentence", [
    (takes_all_for_its_own, "a PCID has no stamp of another"),
    (knows_half_of_the_pcids, "what is found is what was asked for"),
    (is_never_exhausted, "a stamp that is given next"),
    (forgets_who_was_left, "all that are kept are of different PCIDs"),
    (is_asked_late, "(what is found is what was asked for|a PCID that was forgotten is not kept)"),
    (spares_who_is_not_current, "a PCID that was forgotten is not kept"),
])
def test_a_bank_in_which_they_do_is_disproved(flaw, sentence, kept):
    inside = StampBank(CONFIG)
    with pytest.raises(Disproved, match=rf"^hw\.tlb\.stamps: .*{sentence}"):
        prove_of_stamps(Flawed(lambda config: inside, CONFIG, flaw), inside, kept)
