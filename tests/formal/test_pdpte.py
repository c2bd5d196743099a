"""Loaders of PDPTEs that load others are disproved."""

import pytest

import sim.proofs.pdpte
from hw.pdpte import PdpteLoader
from sim.proofs.pdpte import CONFIG, prove_of_loader
from sim.proofs.proof import Disproved

from .flaw_support import Flawed, from_reset


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


def reads_backwards(m, ports, sound):
    """The last PDPTE is read first."""
    m.d.comb += ports.memory.adr[:2].eq(~sound.memory.adr[:2])


def overlooks_failures(m, ports, sound):
    """A read that fails counts as one that completes."""
    m.d.comb += [sound.memory.ack.eq(ports.memory.ack | ports.memory.err), sound.memory.err.eq(0)]


def takes_them_for_present(m, ports, sound):
    """P is taken for 1."""
    m.d.comb += sound.memory.dat_r.eq(ports.memory.dat_r | 1)


def is_accepted_early(m, ports, sound):
    """The request counts as accepted while one is still to come."""
    m.d.comb += ports.request.ready.eq(sound._read == 3)


@pytest.mark.slow
@pytest.mark.parametrize("flaw, says", [
    (reads_backwards, "a PDPTE is read at its number behind the address in CR3"),
    (overlooks_failures, "(none may be loaded if one is malformed|what was refused is known)"),
    (takes_them_for_present, "(the registers are as|what has been read is kept|what was refused)"),
    (is_accepted_early, "a request is accepted when all four PDPTEs have been read"),
])
def test_a_loader_of_others_is_found(flaw, says):
    inside = PdpteLoader(CONFIG)
    with (from_reset(sim.proofs.pdpte),
          pytest.raises(Disproved, match=rf"^SDM 4\.4\.1: {says}(.|\n)*  request = 1")):
        prove_of_loader(Flawed(lambda config: inside, CONFIG, flaw), inside)
