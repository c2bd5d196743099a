"""First levels of the TLB that hit though they must not are disproved."""

from functools import reduce
from operator import or_

import pytest
from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring

from hw.config import MmuConfig
from hw.layout import Flush
from hw.tlb.first import FirstLevel
from sim.proofs.first_level import prove_of_first_level
from sim.proofs.proof import Disproved

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

#: A first level that a flaw is found in.
FEW = MmuConfig(tlb_entries=4)


class Divided(wiring.Component):
    """Two first levels as one, filled in turn, of which a fill reaches only one."""

    def __init__(self, config):
        self.config = config
        self._parts = [FirstLevel(config), FirstLevel(config)]
        super().__init__(dict(self._parts[0].signature.members))

    def elaborate(self, platform):
        m = Module()
        turn = Signal()
        with m.If(self.fill.valid):
            m.d.sync += turn.eq(~turn)
        for number, part in enumerate(self._parts):
            m.submodules[f"part_{number}"] = part
            m.d.comb += [
                *(getattr(part, name).eq(getattr(self, name))
                  for name in ("page", "look", "drop", "pieces", "flush", "spare")),
                part.fill.payload.eq(self.fill.payload),
                part.fill.valid.eq(self.fill.valid & (turn == number)),
            ]
        m.d.comb += [
            getattr(self, name).eq(reduce(or_, (
                Value.cast(getattr(part, name)) for part in self._parts)))
            for name in ("hit", "entry")
        ]
        return m


def drops_nothing(m, ports, sound):
    """A drop does not get through."""
    m.d.comb += sound.drop.eq(0)


def keeps_pieces(m, ports, sound):
    """Pieces of larger pages are not forgotten."""
    m.d.comb += sound.pieces.eq(0)


def spares_global_ones(m, ports, sound):
    """Each drop leaves global translations alone."""
    m.d.comb += sound.spare.eq(1)


def flushes_nothing(m, ports, sound):
    """A flush does not get through."""
    m.d.comb += sound.flush.eq(Flush.NONE)


def keeps_global_ones(m, ports, sound):
    """Each flush leaves global translations alone."""
    with m.If(ports.flush == Flush.ALL):
        m.d.comb += sound.flush.eq(Flush.LOCAL)


def knows_half_of_the_pages(m, ports, sound):
    """The upper half of a page number is not looked at."""
    m.d.comb += sound.page.eq(ports.page[:18])


@pytest.mark.slow
@pytest.mark.parametrize(
    "flaw", [drops_nothing, keeps_pieces, spares_global_ones, flushes_nothing, keeps_global_ones,
             knows_half_of_the_pages])
def test_a_first_level_that_hits_though_it_must_not_is_disproved(flaw):
    with pytest.raises(Disproved, match=r"^hw\.tlb\.first: a page hits only if(.|\n)*  fill = 1"):
        prove_of_first_level(Flawed(FirstLevel, FEW, flaw), 6)


@pytest.mark.slow
def test_a_first_level_with_two_translations_of_a_page_is_disproved():
    with pytest.raises(Disproved, match=r"^hw\.tlb\.first: a hit is the one (.|\n)*  fill = 1"):
        prove_of_first_level(Divided(FEW), 6)
