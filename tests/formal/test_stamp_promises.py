"""A TLB that uses its bank of stamps otherwise than promised is disproved."""

import pytest
from amaranth.hdl import Signal

from hw.layout import Flush
from hw.tlb.tlb import Tlb
from sim.proofs.proof import Disproved
from sim.proofs.stamp_promises import CONFIG, few_stamps, prove_of_use

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


@pytest.fixture(autouse=True)
def stamps_are_few():
    """Stamps are used up soon."""
    with few_stamps():
        yield


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
        prove_of_use(Flawed(lambda config: inside, CONFIG, flaw), inside, 12)
