"""Units whose parts do not keep what they promise each other are disproved."""

from unittest import mock

import pytest

import sim.proofs.unit
from hw.mmu import Mmu
from sim.proofs.proof import Disproved
from sim.proofs.unit import prove_goes_on, prove_of_unit
from sim.proofs.unit_watch import UNITS

from .flaw_support import from_reset


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def lets_accesses_in(m, blocks):
    """Accesses do not wait while a control operation does."""
    m.d.comb += blocks.translator.hold.eq(blocks.translator.busy)


def waits_for_nothing(m, blocks):
    """A control operation does not wait for what is in flight."""
    m.d.comb += blocks.control.quiet.eq(blocks.translator.empty & ~blocks.translator.busy)


def walks_before_stores(m, blocks):
    """A walk does not wait for the transfers of earlier accesses."""
    m.d.comb += blocks.tlb.drained.eq(1)


def is_never_busy(m, blocks):
    """The translator does not know that something is being forgotten."""
    m.d.comb += blocks.translator.busy.eq(0)


def looks_up_the_page_after(m, blocks):
    """Of each access, another page is looked up."""
    m.d.comb += blocks.tlb.page.eq(blocks.translator.page ^ 1)


def fills_another_frame(m, blocks):
    """The walk's page is filled at another frame."""
    m.d.comb += blocks.tlb.walked.p.translation.frame.eq(
        blocks.walker.response.p.translation.frame ^ 1)


def goes_on_to_the_page_before(m, blocks):
    """An access that crosses goes on to another page than the one after its first."""
    m.d.comb += blocks.tlb.after.eq(blocks.translator.after - 2)


def withdraws_a_response(m, blocks):
    """The response to a control operation is shown for one cycle only."""
    m.d.comb += blocks.control.control.response.ready.eq(1)


@pytest.mark.parametrize("place, flaw, says", [
    ("_connect_control", lets_accesses_in, "a control operation is done while no access is held"),
    ("_connect_control", waits_for_nothing,
     "a control operation is done while no access is held, in flight"),
    ("_connect_walks", walks_before_stores, "while a page is walked, no access has the bus"),
    ("_connect_control", is_never_busy,
     "a first level is asked for one thing at a time|the PCID changes"),
    ("_look_up", looks_up_the_page_after, "the page that was looked up is that of the access"),
    ("_connect_walks", fills_another_frame, "a fill is at the frame that the walk"),
    ("_look_up", goes_on_to_the_page_before, "the other page of an access is the one after"),
    ("_connect_control", withdraws_a_response, "the response to a control operation stays"),
])
def test_a_flaw_of_a_unit_is_found(place, flaw, says):
    sound = getattr(Mmu, place)

    def connected(self, m, blocks):
        sound(self, m, blocks)
        flaw(m, blocks)

    with (mock.patch.object(Mmu, place, connected), from_reset(sim.proofs.unit),
          pytest.raises(Disproved, match=rf"^hw\.mmu: ({says})")):
        prove_of_unit(Mmu(UNITS["classic"]))


def waits_for_ever(m, blocks):
    """A control operation waits for more than accesses."""
    m.d.comb += blocks.control.quiet.eq(0)


def test_a_unit_that_does_not_go_on_is_found():
    sound = Mmu._connect_control

    def connected(self, m, blocks):
        sound(self, m, blocks)
        waits_for_ever(m, blocks)

    with (mock.patch.object(Mmu, "_connect_control", connected), from_reset(sim.proofs.unit),
          mock.patch.object(sim.proofs.unit, "IDLE", 4),
          pytest.raises(Disproved, match=r"^hw\.mmu: there are no more than 4 cycles in which")):
        prove_goes_on(Mmu(UNITS["classic"]))
