"""Rule 33 on the golden model: INVPCID. docs/paging-rules.md explains it."""

import pytest

from .modes_support import PCIDE, PGE, ending, full, machine, map_page, refuses
from .pcid_support import ALL, LINEAR, cached, held, with_global


LONG_MODES = ["4-level", "5-level"]


def descriptor(pcid=0, linear=0):
    """The 128 bits of a descriptor."""
    return linear << 64 | pcid


@pytest.mark.parametrize("kind, pcid, expected", [
    (0, 1, {0: "LO", 1: "O",  2: "LO"}),
    (0, 2, {0: "LO", 1: "LO", 2: "O"}),      # the current one
    (1, 1, {0: "LO", 1: "",   2: "LO"}),
    (1, 2, {0: "LO", 1: "LO", 2: ""}),
    (1, 3, ALL),                             # one of which nothing is cached
    (2, 0, {0: "", 1: "", 2: ""}),
    (3, 0, {0: "", 1: "", 2: ""}),
    (2, 1, {0: "", 1: "", 2: ""}),           # types 2 and 3 look at neither PCID nor address
    (3, 1, {0: "", 1: "", 2: ""}),
])
def test_rule_33_what_each_type_forgets(kind, pcid, expected):
    mmu = cached()
    mmu.invpcid(kind, descriptor(pcid, LINEAR | 0xfff))
    assert held(mmu) == expected


@pytest.mark.parametrize("kind, spared", [(0, True), (1, True), (2, False), (3, True)])
@pytest.mark.parametrize("pcid", [0, 1])
def test_rule_33_only_type_2_forgets_global_translations(kind, spared, pcid):
    mmu = machine("4-level", cr4=PCIDE | PGE)
    with_global(mmu, LINEAR)
    mmu.invpcid(kind, descriptor(pcid, LINEAR))
    assert (ending(mmu, LINEAR) == 0x9000) is spared


def test_rule_33_a_large_page_goes_by_any_of_its_addresses():
    mmu = machine("4-level", cr4=PCIDE)
    map_page(mmu.memory, "4-level", 0x4000_0000, 0x8000_0087, depth=2)
    assert ending(mmu, 0x4000_0000) == 0x8000_0000
    map_page(mmu.memory, "4-level", 0x4000_0000, 0, depth=2)
    mmu.invpcid(0, descriptor(0, 0x7fff_ffff))
    assert ending(mmu, 0x4000_0000) == "#PF 0x0"


@pytest.mark.parametrize("kind", [4, 5, 1 << 31, (1 << 64) - 1])
def test_rule_33_there_are_four_types(kind):
    mmu = cached()
    assert refuses(mmu.invpcid, kind, 0)
    assert held(mmu) == ALL


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("bit", range(12, 64))
def test_rule_33_bits_12_to_63_are_reserved_in_every_type(kind, bit):
    mmu = cached()
    assert refuses(mmu.invpcid, kind, 1 << bit)
    assert held(mmu) == ALL


@pytest.mark.parametrize("mode, sign", [("4-level", 47), ("5-level", 56)])
def test_rule_33_type_0_takes_canonical_addresses_only(mode, sign):
    mmu   = machine(mode, cr4=PCIDE)
    wrong = [1 << sign, (1 << 64) - (2 << sign), 1 << 63, (1 << 63) - 1]
    right = [0, (1 << sign) - 1, (1 << 64) - (1 << sign), (1 << 64) - 1]
    assert all(refuses(mmu.invpcid, 0, descriptor(0, linear)) for linear in wrong)
    for kind in range(4):
        for linear in right if kind == 0 else wrong + right:
            mmu.invpcid(kind, descriptor(0, linear))


@pytest.mark.parametrize("kind, refused", [(0, True), (1, True), (2, False), (3, False)])
@pytest.mark.parametrize("mode", ["off", "32-bit", "PAE", *LONG_MODES])
@pytest.mark.parametrize("pcid", [1, 0x800])
def test_rule_33_without_pcide_there_is_pcid_0_only(kind, refused, mode, pcid):
    mmu = machine(mode)
    assert refuses(mmu.invpcid, kind, descriptor(pcid)) is refused
    mmu.invpcid(kind, descriptor(0))


@pytest.mark.parametrize("mode", ["32-bit", "PAE"])
def test_rule_33_outside_long_mode_all_64_bits_of_the_address_count(mode):
    mmu = machine(mode)
    map_page(mmu.memory, mode, LINEAR, 0x9007)
    assert ending(mmu, LINEAR) == 0x9000
    map_page(mmu.memory, mode, LINEAR, 0)
    mmu.invpcid(0, descriptor(0, 0x1_0000_0000 | LINEAR))
    assert ending(mmu, LINEAR) == 0x9000
    assert refuses(mmu.invpcid, 0, descriptor(0, 1 << 47 | LINEAR))
    mmu.invpcid(0, descriptor(0, LINEAR))
    assert ending(mmu, LINEAR) == "#PF 0x0"


def test_rule_33_a_machine_without_it_refuses_it():
    assert refuses(machine("4-level", full(invpcid=False)).invpcid, 2, 0)
