"""Flaws of an updater are found."""

import pytest
from amaranth.hdl import Cat

from hw.updater import Updater
from sim.proofs.proof import Disproved
from sim.proofs.updater import CONFIG, prove_ends, prove_stores

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


def looks_at_a_half(m, ports, sound):
    """The upper half of an entry may have changed."""
    m.d.comb += sound.memory.dat_r.eq(
        Cat(ports.memory.dat_r[:32], sound.request.p.expected[32:]))


def leaves_the_bus_to_others(m, ports, sound):
    """Another initiator may come between the read and the store."""
    m.d.comb += ports.memory.lock.eq(0)


def stores_elsewhere(m, ports, sound):
    """The store is of another entry."""
    with m.If(sound.memory.we):
        m.d.comb += ports.memory.adr.eq(sound.memory.adr ^ 1)


def knows_no_change(m, ports, sound):
    """An update that was not done is reported as done."""
    m.d.comb += ports.changed.eq(0)


def knows_no_failure(m, ports, sound):
    """An update whose transfer failed is reported as done."""
    m.d.comb += ports.failed.eq(0)


@pytest.mark.slow
@pytest.mark.parametrize("flaw, says", [
    (looks_at_a_half, "a store only if memory returned what is expected"),
    (leaves_the_bus_to_others, "the bus cycle is locked from the read on"),
    (stores_elsewhere, "a transfer is of the entry and nothing else"),
])
def test_a_store_that_must_not_be_is_found(flaw, says):
    with pytest.raises(Disproved, match=rf"^hw\.updater: {says}(.|\n)*  request = 1"):
        prove_stores(Flawed(Updater, CONFIG, flaw))


@pytest.mark.slow
@pytest.mark.parametrize("flaw, says", [
    (knows_no_change, "an update that ended has been stored"),
    (knows_no_failure, "an update that ended has been stored, or found a change, unless"),
])
def test_an_end_that_is_told_wrongly_is_found(flaw, says):
    with pytest.raises(Disproved, match=rf"^hw\.updater: {says}(.|\n)*  request = 1"):
        prove_ends(Flawed(Updater, CONFIG, flaw), 8)
