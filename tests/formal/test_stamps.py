"""Banks of stamps in which two PCIDs have one in common are disproved."""

import pytest
from amaranth.hdl import Signal

from hw.layout import Flush
from hw.tlb.stamps import StampBank
from sim.proofs.proof import Disproved
from sim.proofs.stamps import CONFIG, few_contexts, prove_of_stamps

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


@pytest.fixture
def kept():
    """Rows of a bank's memory."""
    with few_contexts() as rows:
        yield rows


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


@pytest.mark.slow
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
