"""Gateware, golden model and kernel read the manual by themselves: here they are compared."""

import pytest
from amaranth.lib import data

from hw.layout import CR0, CR4, EFER, Entry, ErrorCode, Features
from sim.golden import permission, reserved, state
from sw.arch.x86.include.asm import cpufeatures, pgtable_types, trap_pf


#: Field of a gateware layout, and the kernel's name for it.
KERNEL = [
    (Entry, "present",         pgtable_types, "_PAGE_PRESENT"),
    (Entry, "writable",        pgtable_types, "_PAGE_RW"),
    (Entry, "user",            pgtable_types, "_PAGE_USER"),
    (Entry, "write_through",   pgtable_types, "_PAGE_PWT"),
    (Entry, "cache_disable",   pgtable_types, "_PAGE_PCD"),
    (Entry, "accessed",        pgtable_types, "_PAGE_ACCESSED"),
    (Entry, "dirty",           pgtable_types, "_PAGE_DIRTY"),
    (Entry, "page_size",       pgtable_types, "_PAGE_PSE"),
    (Entry, "global_page",     pgtable_types, "_PAGE_GLOBAL"),
    (Entry, "execute_disable", pgtable_types, "_PAGE_NX"),
    (ErrorCode, "present",  trap_pf, "X86_PF_PROT"),
    (ErrorCode, "write",    trap_pf, "X86_PF_WRITE"),
    (ErrorCode, "user",     trap_pf, "X86_PF_USER"),
    (ErrorCode, "reserved", trap_pf, "X86_PF_RSVD"),
    (ErrorCode, "fetch",    trap_pf, "X86_PF_INSTR"),
    (CR0, "pe", cpufeatures, "X86_CR0_PE"),
    (CR0, "wp", cpufeatures, "X86_CR0_WP"),
    (CR0, "pg", cpufeatures, "X86_CR0_PG"),
    (CR4, "pse",  cpufeatures, "X86_CR4_PSE"),
    (CR4, "pae",  cpufeatures, "X86_CR4_PAE"),
    (CR4, "pge",  cpufeatures, "X86_CR4_PGE"),
    (CR4, "smep", cpufeatures, "X86_CR4_SMEP"),
    (CR4, "smap", cpufeatures, "X86_CR4_SMAP"),
    (EFER, "sce", cpufeatures, "EFER_SCE"),
    (EFER, "lme", cpufeatures, "EFER_LME"),
    (EFER, "nxe", cpufeatures, "EFER_NX"),
    (Features, "nx",             cpufeatures, "X86_FEATURE_NX"),
    (Features, "gigabyte_pages", cpufeatures, "X86_FEATURE_GBPAGES"),
    (Features, "long_mode",      cpufeatures, "X86_FEATURE_LM"),
]

#: The same for the golden model.
GOLDEN = [
    (CR0, "wp",   state, "CR0_WP"),
    (CR0, "pg",   state, "CR0_PG"),
    (CR4, "pse",  state, "CR4_PSE"),
    (CR4, "pae",  state, "CR4_PAE"),
    (CR4, "la57", state, "CR4_LA57"),
    (CR4, "smep", state, "CR4_SMEP"),
    (CR4, "smap", state, "CR4_SMAP"),
    (EFER, "lma", state, "EFER_LMA"),
    (EFER, "nxe", state, "EFER_NXE"),
    (Entry, "present",         reserved, "P"),
    (Entry, "writable",        reserved, "RW"),
    (Entry, "user",            reserved, "US"),
    (Entry, "accessed",        reserved, "A"),
    (Entry, "dirty",           reserved, "D"),
    (Entry, "page_size",       reserved, "PS"),
    (Entry, "global_page",     reserved, "G"),
    (Entry, "execute_disable", reserved, "XD"),
    (ErrorCode, "present",  permission, "PRESENT"),
    (ErrorCode, "write",    permission, "WRITE"),
    (ErrorCode, "user",     permission, "USER"),
    (ErrorCode, "reserved", permission, "RESERVED"),
    (ErrorCode, "fetch",    permission, "FETCH"),
]


def mask(layout, field):
    """The bits of ``field``, by the gateware's layout."""
    place = data.Layout.cast(layout)[field]
    return (1 << place.width) - 1 << place.offset


@pytest.mark.parametrize("layout, field, module, name", [
    pytest.param(*row, id=row[3]) for row in KERNEL + GOLDEN])
def test_a_bit_stands_where_the_gateware_has_it(layout, field, module, name):
    assert mask(layout, field) == getattr(module, name)


def test_the_frame_stands_where_the_gateware_has_it():
    assert mask(Entry, "frame") == pgtable_types.PTE_PFN_MASK
