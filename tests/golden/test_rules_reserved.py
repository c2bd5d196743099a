"""Rules 29 and 30 on the golden model, and reserved bits of every mode, level and machine.

Every bit of an entry is set by itself, and those that make a walk fault with RSVD are compared with
the manual's tables, which are stated here by hand (SDM Vol. 3A, Tables 4-4 to 4-6, 4-9 to 4-11,
4-14 to 4-20).
"""

import pytest

from sw.bus import Kind, Register

from .modes_support import NXE, PSE, ending, full, machine, map_page, refuses


P, PS, XD = 1, 0x80, 63

LINEAR = 0x4060_5000

WIDTHS = [32, 36, 39, 40, 46, 51, 52]


def found_reserved(mode, depth, *, large=False, maxphyaddr, gigabyte_pages=True, **bits):
    """Bits that fault with RSVD when they are set in an entry, besides P and, if ``large``, PS."""
    features = full(maxphyaddr=maxphyaddr, gigabyte_pages=gigabyte_pages)
    found    = set()
    for bit in range(1, 32 if mode == "32-bit" else 64):
        mmu = machine(mode, features, **bits)
        map_page(mmu.memory, mode, LINEAR, 0x9007)
        map_page(mmu.memory, mode, LINEAR, P | 1 << bit | PS * large, depth=depth)
        if ending(mmu, LINEAR) == "#PF 0x9":
            found.add(bit)
    return found


@pytest.mark.parametrize("maxphyaddr", WIDTHS)
@pytest.mark.parametrize("nxe", [0, NXE])
@pytest.mark.parametrize("depth, large, besides", [
    (1, False, set()), (1, True, set(range(13, 21))), (2, False, set()),
], ids=["PDE", "PDE of 2 MiB", "PTE"])
def test_rule_29_entries_of_pae_paging(depth, large, besides, nxe, maxphyaddr):
    expected = {*range(maxphyaddr, 63), *besides} | ({XD} if not nxe else set())
    found    = found_reserved("PAE", depth, large=large, maxphyaddr=maxphyaddr, efer=nxe)
    assert found == expected


@pytest.mark.parametrize("kind, user, code", [
    (Kind.WRITE, False, 0xb), (Kind.READ, True, 0xd), (Kind.FETCH, True, 0x1d),
])
def test_rule_29_the_error_code_tells_the_access(kind, user, code):
    mmu = machine("PAE", efer=NXE)
    map_page(mmu.memory, "PAE", LINEAR, 0x9007 | 1 << 62)
    assert ending(mmu, LINEAR, kind, user=user) == f"#PF {code:#x}"


def test_rule_29_a_missing_entry_has_no_reserved_bits():
    mmu = machine("PAE")
    map_page(mmu.memory, "PAE", LINEAR, 0xffff_ffff_ffff_fffe)
    assert ending(mmu, LINEAR) == "#PF 0x0"


@pytest.mark.parametrize("maxphyaddr", WIDTHS)
def test_rule_30_bits_of_a_4_mib_page_that_are_no_address_bits_are_reserved(maxphyaddr):
    expected = {*range(13 + min(maxphyaddr, 40) - 32, 21), 21}
    assert found_reserved("32-bit", 1, large=True, maxphyaddr=maxphyaddr, cr4=PSE) == expected


@pytest.mark.parametrize("maxphyaddr", WIDTHS)
def test_rule_30_the_others_are_bits_of_the_frame(maxphyaddr):
    for bit in range(32, min(maxphyaddr, 40)):
        mmu = machine("32-bit", full(maxphyaddr=maxphyaddr), cr4=PSE)
        map_page(mmu.memory, "32-bit", LINEAR, 0xffc0_0000 | 1 << bit - 19 | PS | 7, depth=1)
        assert ending(mmu, LINEAR) == 1 << bit | 0xffe0_5000


@pytest.mark.parametrize("cr4, depth", [(0, 1), (0, 2), (PSE, 2)])
def test_rule_30_no_other_entry_of_32_bit_paging_has_reserved_bits(cr4, depth):
    assert found_reserved("32-bit", depth, maxphyaddr=32, cr4=cr4) == set()


#: Entries of 5-level paging by depth and PS; and what is reserved in them besides the bits from
#: MAXPHYADDR to 51. 4-level paging has the same without the first.
LONG = {
    "PML5E":          (1, False, {7}),
    "PML4E":          (2, False, {7}),
    "PDPTE":          (3, False, set()),
    "PDPTE of 1 GiB": (3, True,  set(range(13, 30))),
    "PDE":            (4, False, set()),
    "PDE of 2 MiB":   (4, True,  set(range(13, 21))),
    "PTE":            (5, False, set()),
}


@pytest.mark.parametrize("maxphyaddr", WIDTHS)
@pytest.mark.parametrize("nxe", [0, NXE])
@pytest.mark.parametrize("mode, name", [
    (mode, name) for mode in ("4-level", "5-level") for name in LONG
    if (mode, name) != ("4-level", "PML5E")])
def test_entries_of_long_mode(mode, name, nxe, maxphyaddr):
    depth, large, besides = LONG[name]
    found = found_reserved(mode, depth - (mode == "4-level"), large=large, maxphyaddr=maxphyaddr,
                           efer=nxe)
    assert found == {*range(maxphyaddr, 52), *besides} | ({XD} if not nxe else set())


@pytest.mark.parametrize("mode, depth", [("4-level", 2), ("5-level", 3)])
def test_ps_of_a_pdpte_is_reserved_without_gigabyte_pages(mode, depth):
    assert found_reserved(mode, depth, maxphyaddr=52, efer=NXE, gigabyte_pages=False) == {7}


@pytest.mark.parametrize("maxphyaddr", WIDTHS)
@pytest.mark.parametrize("mode", ["PAE", "4-level", "5-level"])
def test_every_frame_below_maxphyaddr_can_be_mapped(mode, maxphyaddr):
    for bit in range(12, maxphyaddr):
        mmu = machine(mode, full(maxphyaddr=maxphyaddr))
        map_page(mmu.memory, mode, LINEAR, 1 << bit | 7)
        assert ending(mmu, LINEAR) == 1 << bit


@pytest.mark.parametrize("maxphyaddr", WIDTHS)
@pytest.mark.parametrize("mode", ["4-level", "5-level"])
def test_the_root_may_stand_in_every_frame_below_maxphyaddr(mode, maxphyaddr):
    mmu = machine(mode, full(maxphyaddr=maxphyaddr))
    for bit in range(12, 64):
        refused = refuses(mmu.write_control, Register.CR3, 1 << bit)
        assert refused is (bit >= maxphyaddr)
        assert refused or mmu.state.cr3 == 1 << bit
