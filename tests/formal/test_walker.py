"""Flaws of a walker are found."""

import pytest
from amaranth.hdl import Signal

import sim.proofs.walker
import sim.proofs.walker_kept
from hw.config import MmuConfig
from hw.presets import PRESETS
from hw.walker import Walker
from sim.proofs.proof import Disproved
from sim.proofs.walker import prove_of_walker

from .flaw_support import Flawed, from_reset


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


def stores_what_others_use(m, ports, sound):
    """A bit that software has for itself is stored as 1."""
    m.d.comb += ports.memory.dat_w.eq(sound.memory.dat_w | 1 << 9)


def dirties_what_is_read(m, ports, sound):
    """D is stored whatever the access is."""
    m.d.comb += ports.memory.dat_w.eq(sound.memory.dat_w | 1 << 6)


def unlocks_its_stores(m, ports, sound):
    """Another initiator may come between the read and the store."""
    with m.If(sound.memory.we):
        m.d.comb += ports.memory.lock.eq(0)


def knows_no_change(m, ports, sound):
    """The entry is stored though memory has another one by now."""
    again = Signal()
    m.d.sync += again.eq(sound.memory.lock & sound.memory.stb & ~sound.memory.we)
    with m.If(again):
        m.d.comb += sound.memory.dat_r.eq(sound._entry)


def stores_elsewhere(m, ports, sound):
    """The entry beside the one that was read is stored."""
    with m.If(sound.memory.we):
        m.d.comb += ports.memory.sel.eq(~sound.memory.sel)


#: Units in which flaws are found soon.
UNITS = {
    "classic": PRESETS["classic"],
    "tiny":    PRESETS["tiny"],
    "PAE":     MmuConfig(long_mode=False, gigabyte_pages=False, pcid=False, pae=True),
    "keys":    MmuConfig(pku=True),
}


@pytest.mark.parametrize("unit, flaw, says", [
    ("classic", takes_entries_for_present, "hw.walker: an entry is read only if"),
    ("tiny", knows_no_smap,
     "SDM 4.6.1: supervisor-mode .* SMAP = 1, AC = 0 or implicit: not allowed"),
    ("classic", gives_a_translation_without_entry,
     "hw.walker: an entry that is missing or malformed ends"),
    ("classic", knows_no_bus_errors, "hw.walker: a walk ends in a bus error if"),
    ("classic", learns_more_rights, "hw.walker: what is learnt is the table"),
    ("PAE", takes_pdptes_for_present, "hw.walker: an entry is read only if"),
    ("keys", knows_no_keys,
     "SDM (4.6.1: an access that the key of the page does not|4.7: PK is 1 if)"),
    ("classic", reads_another_entry, "hw.walker: an entry is read where its table is"),
    ("classic", stores_what_others_use, "hw.walker: an entry is stored as it was, but for A and D"),
    ("classic", dirties_what_is_read, "hw.walker: an entry is stored with D = 1 if it was"),
    ("classic", unlocks_its_stores, "hw.walker: an entry is stored where it was read, in a locked"),
    ("classic", knows_no_change, "hw.walker: an entry is stored where it was read, in a locked"),
    ("classic", stores_elsewhere, "hw.walker: an entry is stored where it was read, in a locked"),
])
def test_a_flaw_of_a_walker_is_found(unit, flaw, says):
    inside = Walker(UNITS[unit])
    with (from_reset(sim.proofs.walker, says),
          pytest.raises(Disproved, match=rf"^{says}(.|\n)*  request = 1")):
        prove_of_walker(Flawed(lambda config: inside, UNITS[unit], flaw), inside)


def test_a_walk_that_memory_answers_more_often_is_found(monkeypatch):
    monkeypatch.setattr(sim.proofs.walker_kept, "ANSWERS", 2)
    walker = Walker(PRESETS["classic"])
    with pytest.raises(Disproved, match=r"^hw\.walker: memory has answered to an entry that is"):
        prove_of_walker(walker, walker)
