"""Flaws of a walker are found."""

import pytest

from hw.walker import Walker
from sim.proofs.proof import Disproved
from sim.proofs.walker import CONFIG, prove_of_walker

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis, pytest.mark.slow]


def takes_entries_for_present(m, ports, sound):
    """P is taken for 1."""
    m.d.comb += sound.memory.dat_r.eq(ports.memory.dat_r | 1)


def knows_no_smap(m, ports, sound):
    """SMAP is taken for 0."""
    m.d.comb += sound.protection.smap.eq(0)


def gives_a_translation_without_entry(m, ports, sound):
    """A walk that meets a missing entry gives a translation."""
    m.d.comb += ports.response.p.fault.eq(
        sound.response.p.fault
        & (sound.response.p.error.present | sound.response.p.bus_error))


def knows_no_bus_errors(m, ports, sound):
    """A walk that memory does not answer to is taken for a page fault."""
    m.d.comb += ports.response.p.bus_error.eq(0)


def learns_more_rights(m, ports, sound):
    """A table is learnt as if all above it were writable."""
    m.d.comb += ports.learn.p.rights.writable.eq(1)


def takes_pdptes_for_present(m, ports, sound):
    """P of the PDPTE registers is taken for 1."""
    m.d.comb += [sound.pdptes[number].present.eq(1) for number in range(4)]


def knows_no_keys(m, ports, sound):
    """CR4.PKE is taken for 0."""
    m.d.comb += sound.protection.pke.eq(0)


def reads_another_entry(m, ports, sound):
    """The address of an entry is another one's."""
    m.d.comb += ports.memory.adr.eq(sound.memory.adr ^ 1)


@pytest.mark.parametrize("flaw, says", [
    (takes_entries_for_present, "hw.walker: an entry is read only if"),
    (knows_no_smap, "SDM 4.6.1: supervisor-mode .* SMAP = 1, AC = 0 or implicit: not allowed"),
    (gives_a_translation_without_entry, "hw.walker: an entry that is missing or malformed ends"),
    (knows_no_bus_errors, "hw.walker: a walk ends in a bus error if"),
    (learns_more_rights, "hw.walker: what is learnt is the table"),
    (takes_pdptes_for_present, "hw.walker: an entry is read only if"),
    (knows_no_keys, "SDM (4.6.1: an access that the key of the page does not|4.7: PK is 1 if)"),
    (reads_another_entry, "hw.walker: an entry is read where its table is"),
])
def test_a_flaw_of_a_walker_is_found(flaw, says):
    with pytest.raises(Disproved, match=rf"^{says}(.|\n)*  request = 1"):
        prove_of_walker(Flawed(Walker, CONFIG, flaw), 6)
