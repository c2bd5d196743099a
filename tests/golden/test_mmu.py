"""Whole accesses on the golden machine: crossings, caching, faults (SDM 4.7, 4.8, 4.10)."""

import pytest
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, TWO_LEVELS, write_chain

from sim.golden.mmu import GoldenMmu
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register


WP, A, D = 1 << 16, 0x20, 0x40


def machine_32(*, cr0=CR0_32, cr4=0):
    mmu = GoldenMmu()
    mmu.write_control(Register.CR4, cr4)
    mmu.write_control(Register.CR3, ROOT)
    mmu.write_control(Register.CR0, cr0)
    return mmu


def machine_long(*, cr4=0, efer=0):
    mmu = GoldenMmu()
    mmu.write_control(Register.CR4, CR4_LONG | cr4)
    mmu.write_control(Register.EFER, EFER_LONG | efer)
    mmu.write_control(Register.CR3, ROOT)
    mmu.write_control(Register.CR0, CR0_32)
    return mmu


def map_page(mmu, linear, leaf, form=FOUR_LEVELS, **parameters):
    return write_chain(mmu.memory.write, form, linear, leaf, **parameters)


def fault_of(mmu, *arguments, **parameters):
    fault = mmu.access(Access(*arguments, **parameters)).fault
    assert isinstance(fault, PageFault)
    assert fault.address == mmu.read_control(Register.CR2)
    return fault.address, fault.error_code


def test_paging_off_is_the_identity_on_32_bits():
    mmu = GoldenMmu()
    mmu.access(Access(0x1_0000_0ffe, 4, Kind.WRITE, data=0x4433_2211))
    assert mmu.memory.read(0xffe, 2) == 0x2211
    assert mmu.memory.read(0x1000, 2) == 0x4433
    assert mmu.access(Access(0xffe, 8)).data == 0x4433_2211


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("offset", [0, 1, 0xff9, 0xffc, 0xfff])
def test_a_stored_value_is_read_back_at_any_alignment(size, offset):
    mmu = machine_long()
    map_page(mmu, 0x40_0000, 0x10_0007)
    map_page(mmu, 0x40_1000, 0x20_0007)
    value = 0x8877_6655_4433_2211 & (1 << 8 * size) - 1
    stored = mmu.access(Access(0x40_0000 + offset, size, Kind.WRITE, data=value))
    assert (stored.data, stored.physical, stored.fault) == (0, 0x10_0000 + offset, None)
    assert mmu.access(Access(0x40_0000 + offset, size)).data == value


def test_exchange_returns_what_was_there():
    mmu = machine_32()
    map_page(mmu, 0x5000, 0x9007, TWO_LEVELS)
    assert mmu.access(Access(0x5000, 4, Kind.EXCHANGE, data=7)).data == 0
    assert mmu.access(Access(0x5000, 4, Kind.EXCHANGE, data=9)).data == 7


@pytest.mark.parametrize("compare, after", [(7, 9), (8, 7)])
def test_compare_exchange_stores_on_equality_and_dirties_always(compare, after):
    mmu = machine_32()
    *_, leaf = map_page(mmu, 0x5000, 0x9007, TWO_LEVELS)
    mmu.memory.write(0x9000, 4, 7)
    outcome = mmu.access(Access(0x5000, 4, Kind.COMPARE_EXCHANGE, data=9, compare=compare))
    assert (outcome.data, mmu.memory.read(0x9000, 4)) == (7, after)
    assert mmu.memory.read(leaf, 4) & D


def test_a_crossing_store_changes_nothing_if_the_second_page_refuses():
    mmu = machine_32(cr0=CR0_32 | WP)
    map_page(mmu, 0x5000, 0x9007, TWO_LEVELS)
    map_page(mmu, 0x6000, 0xa005, TWO_LEVELS)
    assert fault_of(mmu, 0x5ffd, 8, Kind.WRITE, data=-1 & (1 << 64) - 1) == (0x6000, 3)
    assert mmu.memory.read(0x9ff8, 8) == 0


def test_the_first_page_s_fault_comes_first():
    mmu = machine_32()
    assert fault_of(mmu, 0x5ffd, 8) == (0x5ffd, 0)


@pytest.mark.parametrize("linear, size", [
    (0x0000_7fff_ffff_fffc, 8), (0x0000_8000_0000_0000, 1), (0xffff_7fff_ffff_fffd, 4),
])
def test_non_canonical_addresses_fault_before_any_walk(linear, size):
    mmu = machine_long()
    outcome = mmu.access(Access(linear, size))
    assert isinstance(outcome.fault, GeneralProtection)
    assert mmu.read_control(Register.CR2) == 0


def test_the_last_canonical_bytes_are_translated():
    mmu = machine_long()
    map_page(mmu, 0x7fff_ffff_f000, 0x9007)
    assert mmu.access(Access(0x7fff_ffff_fff8, 8)).physical == 0x9ff8


def test_linear_addresses_wrap_at_4_gib():
    mmu = machine_32()
    map_page(mmu, 0xffff_f000, 0x9007, TWO_LEVELS)
    mmu.memory.write(ROOT, 4, 0x2007)
    mmu.memory.write(0x2000, 4, 0xa007)
    mmu.access(Access(0xffff_fffe, 4, Kind.WRITE, data=0x4433_2211))
    assert (mmu.memory.read(0x9ffe, 2), mmu.memory.read(0xa000, 2)) == (0x2211, 0x4433)
    assert fault_of(mmu, 0x1_0000_1234, 1)[0] == 0x1234


def test_a_cached_translation_outlives_its_entry_until_invlpg():
    mmu = machine_long()
    *_, leaf = map_page(mmu, 0x40_0000, 0x9007)
    mmu.access(Access(0x40_0000, 8))
    mmu.memory.write(leaf, 8, 0)
    assert mmu.access(Access(0x40_0ff8, 8)).physical == 0x9ff8
    mmu.invlpg(0x40_0123)
    assert fault_of(mmu, 0x40_0ff8, 8) == (0x40_0ff8, 0)


def test_a_missing_entry_is_not_cached():
    mmu = machine_long()
    fault_of(mmu, 0x40_0000, 8)
    map_page(mmu, 0x40_0000, 0x9007)
    assert mmu.access(Access(0x40_0000, 8)).fault is None


def test_raised_rights_cost_one_spurious_fault():
    mmu = machine_long()
    *_, leaf = map_page(mmu, 0x40_0000, 0x9005)
    mmu.access(Access(0x40_0000, 8, user=True))
    mmu.memory.write(leaf, 8, 0x9007)
    assert fault_of(mmu, 0x40_0000, 8, Kind.WRITE, user=True) == (0x40_0000, 7)
    assert mmu.access(Access(0x40_0000, 8, Kind.WRITE, user=True)).fault is None


def test_rights_of_a_cached_translation_are_judged_by_present_state():
    mmu = machine_long()
    map_page(mmu, 0x40_0000, 0x9067)
    mmu.access(Access(0x40_0000, 8, user=True))
    mmu.write_control(Register.CR4, CR4_LONG | 1 << 21)
    mmu.write_control(Register.RFLAGS, 1 << 18)
    assert mmu.access(Access(0x40_0000, 8)).fault is None
    mmu.write_control(Register.RFLAGS, 0)
    assert fault_of(mmu, 0x40_0000, 8) == (0x40_0000, 1)


def test_the_first_write_to_a_clean_cached_page_sets_dirty_in_memory():
    mmu = machine_long()
    *_, leaf = map_page(mmu, 0x40_0000, 0x9007)
    mmu.access(Access(0x40_0000, 8))
    assert mmu.memory.read(leaf, 8) == 0x9027
    mmu.access(Access(0x40_0000, 8, Kind.WRITE))
    assert mmu.memory.read(leaf, 8) == 0x9067


def test_invlpg_drops_a_large_page_by_any_of_its_addresses():
    mmu = machine_long()
    *_, leaf = map_page(mmu, 0x4000_0000, 0x8000_0087, depth=2)
    mmu.access(Access(0x4000_0000, 8))
    mmu.memory.write(leaf, 8, 0)
    mmu.invlpg(0x7fff_ffff)
    fault_of(mmu, 0x4000_0000, 8)


def test_invlpg_of_a_non_canonical_address_does_nothing():
    mmu = machine_long()
    *_, leaf = map_page(mmu, 0x40_0000, 0x9007)
    mmu.access(Access(0x40_0000, 8))
    mmu.memory.write(leaf, 8, 0)
    mmu.invlpg(0x8000_0000_0040_0000)
    assert mmu.access(Access(0x40_0000, 8)).fault is None


@pytest.mark.parametrize("pge, global_page, kept", [(0, 1, False), (1, 0, False), (1, 1, True)])
def test_mov_cr3_keeps_global_pages_only(pge, global_page, kept):
    mmu = machine_long(cr4=pge << 7)
    *_, leaf = map_page(mmu, 0x40_0000, 0x9007 | global_page << 8)
    mmu.access(Access(0x40_0000, 8))
    mmu.memory.write(leaf, 8, 0)
    mmu.write_control(Register.CR3, ROOT)
    assert (mmu.access(Access(0x40_0000, 8)).fault is None) is kept


def test_toggling_pge_flushes_global_pages():
    mmu = machine_long(cr4=1 << 7)
    *_, leaf = map_page(mmu, 0x40_0000, 0x9107)
    mmu.access(Access(0x40_0000, 8))
    mmu.memory.write(leaf, 8, 0)
    mmu.write_control(Register.CR4, CR4_LONG)
    fault_of(mmu, 0x40_0000, 8)


def test_a_refused_control_write_changes_nothing():
    mmu = machine_long()
    before = mmu.state
    with pytest.raises(GeneralProtection):
        mmu.write_control(Register.CR4, 0)
    assert mmu.state == before
