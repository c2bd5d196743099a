"""Transfers that break a rule of the bus, or come back for another access, are disproved."""

import pytest
from amaranth.hdl import Signal

import sim.proofs.transfers
from hw.layout import Fault
from hw.transfer import TransferUnit
from sim.proofs.proof import Disproved
from sim.proofs.responses import prove_of_order
from sim.proofs.transfers import CONFIG, prove_of_transfers

from .flaw_support import Flawed, from_reset


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def flawed_unit(flaw):
    """A unit with a flaw, and the sound one in it."""
    inside = TransferUnit(CONFIG)
    return Flawed(lambda config: inside, CONFIG, flaw), inside


def transfers_what_has_faulted(m, ports, sound):
    """A fault is overlooked."""
    m.d.comb += sound.request.p.fault.eq(Fault.NONE)


def gives_up_a_stalled_request(m, ports, sound):
    """A request that was not accepted is left for a cycle."""
    stalled = Signal()
    m.d.sync += stalled.eq(sound.memory.stb & ports.memory.stall & ~stalled)
    with m.If(stalled):
        m.d.comb += [ports.memory.stb.eq(0), sound.memory.stall.eq(1)]


def drops_the_bus_cycle(m, ports, sound):
    """The bus is left as soon as a request was accepted."""
    m.d.comb += ports.memory.cyc.eq(sound.memory.stb | sound.memory.lock)


def lets_go_at_the_store(m, ports, sound):
    """The bus is not locked any more when a locked access stores."""
    m.d.comb += ports.memory.lock.eq(sound.memory.lock & ~sound.memory.we)


def stores_elsewhere(m, ports, sound):
    """A locked access stores to another word than it has read."""
    with m.If(sound.memory.lock & sound.memory.we):
        m.d.comb += ports.memory.adr.eq(sound.memory.adr ^ 1)


def transfers_more_than_the_access(m, ports, sound):
    """All lanes of a word are selected."""
    m.d.comb += ports.memory.sel.eq(0xff)


def puts_the_second_half_elsewhere(m, ports, sound):
    """The second word of an access that crosses is in the first page."""
    m.d.comb += sound.request.p.second.eq(ports.request.p.physical[12:])


def stores_another_byte(m, ports, sound):
    """A byte of what is stored is another one."""
    m.d.comb += ports.memory.dat_w.eq(sound.memory.dat_w ^ 1)


def withdraws_a_response(m, ports, sound):
    """A response that is not taken at once is not shown again until something else is."""
    waited = Signal()
    m.d.sync += waited.eq(sound.response.valid & ~ports.response.ready & ~waited)
    with m.If(waited):
        m.d.comb += [ports.response.valid.eq(0), sound.response.ready.eq(0)]


@pytest.mark.parametrize("flaw, says", [
    (transfers_what_has_faulted, "a transfer is of an access that is offered, and has no fault"),
    (gives_up_a_stalled_request, "a request stays as it is until it is accepted"),
    (drops_the_bus_cycle, "a bus cycle lasts until all its transfers have completed"),
    (lets_go_at_the_store, "of a locked access, all words were read before one is stored"),
    (stores_elsewhere, "a locked store is to a word that was read since the bus was locked"),
    (transfers_more_than_the_access, "a byte is transferred at its physical address"),
    (puts_the_second_half_elsewhere, "a byte is transferred at its physical address"),
    (stores_another_byte, "a byte that is stored is that of the access"),
    (withdraws_a_response, "a response stays until it is taken"),
])
def test_a_rule_of_the_bus_that_is_broken_is_found(flaw, says):
    unit, inside = flawed_unit(flaw)
    with (from_reset(sim.proofs.transfers),
          pytest.raises(Disproved, match=rf"^hw\.transfer: {says}(.|\n)*  request = 1")):
        prove_of_transfers(unit, inside)


def forgets_that_one_has_faulted(m, ports, sound):
    """A response says that a faulting access was done."""
    with m.If(sound.response.p.fault == Fault.PAGE_FAULT):
        m.d.comb += ports.response.p.fault.eq(Fault.NONE)


def tells_no_bus_errors(m, ports, sound):
    """A transfer that fails is taken for one that completes."""
    m.d.comb += [sound.memory.ack.eq(ports.memory.ack | ports.memory.err), sound.memory.err.eq(0)]


def answers_by_the_access_that_is_offered(m, ports, sound):
    """The address of a response is that of the access which is offered now."""
    with m.If(ports.request.valid):
        m.d.comb += ports.response.p.physical.eq(ports.request.p.physical)


def keeps_a_response(m, ports, sound):
    """A response that came later than the last transfer is not shown."""
    with m.If(sound._words.r_rdy):
        m.d.comb += [ports.response.valid.eq(0), sound.response.ready.eq(0)]


def turns_bytes_around(m, ports, sound):
    """The lowest byte that was read is another one."""
    m.d.comb += ports.response.p.data[:8].eq(sound.response.p.data[:8] ^ 1)


@pytest.mark.parametrize("flaw, says", [
    (forgets_that_one_has_faulted, "an access that has faulted is answered by its fault"),
    (tells_no_bus_errors, "one that has not ends in a bus error if a transfer of it has failed"),
    (answers_by_the_access_that_is_offered, "the response has the address of the access"),
    (keeps_a_response, "when all transfers have completed, there is a response"),
    (turns_bytes_around, "what is read are the bytes that memory has returned for it"),
])
def test_a_response_to_another_access_is_found(flaw, says):
    unit, _ = flawed_unit(flaw)
    with pytest.raises(Disproved, match=rf"^hw\.transfer: {says}(.|\n)*  request = 1"):
        prove_of_order(unit, 5)
