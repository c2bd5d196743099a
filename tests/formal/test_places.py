"""Translators by which an access goes elsewhere are disproved."""

import pytest

import sim.proofs.places
from hw.presets import PRESETS
from hw.translator import Translator
from sim.proofs.places import prove_of_places
from sim.proofs.proof import Disproved

from .flaw_support import Flawed, from_reset


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


def loses_the_first_frame(m, ports, sound):
    """Both halves of an access go to the frame of the second page."""
    m.d.comb += ports.result.p.physical[12:].eq(sound.result.p.second)


def loses_the_second_frame(m, ports, sound):
    """The second half goes to the frame after the first one."""
    m.d.comb += ports.result.p.second.eq(sound.result.p.physical[12:] + 1)


def loses_the_offset(m, ports, sound):
    """An access begins at a multiple of two."""
    m.d.comb += ports.result.p.physical[0].eq(0)


def crosses_too_late(m, ports, sound):
    """One byte beyond the page is overlooked."""
    m.d.comb += ports.result.p.crosses.eq(
        sound.result.p.crosses & (sound.result.p.access.linear[:12] != 0xfff))


def pages_always(m, ports, sound):
    """Without paging an access goes to where the TLB has its page, if it does."""
    m.d.comb += sound.mode.paging.eq(1)


@pytest.mark.slow
@pytest.mark.parametrize("flaw, says", [
    (loses_the_first_frame, "the first half of one that crosses|without paging"),
    (loses_the_second_frame, "the second half of one that crosses|without paging"),
    (loses_the_offset, "an access within a page|the first half|without paging"),
    (crosses_too_late, "an access has a second half"),
    (pages_always, "without paging a physical address is the linear one"),
])
def test_an_access_that_goes_elsewhere_is_found(flaw, says):
    flawed = Flawed(Translator, PRESETS["classic"], flaw)
    with (from_reset(sim.proofs.places),
          pytest.raises(Disproved, match=rf"^hw\.translator: ({says})(.|\n)*  result = 1")):
        prove_of_places(flawed, flawed._sound)
