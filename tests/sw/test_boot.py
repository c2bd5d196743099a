"""From reset to a running kernel, in each format of page tables."""

import pytest

from sw.arch.x86.include.asm.cpufeatures import (
    EFER_NX, X86_CR0_PG, X86_CR0_WP, X86_CR4_LA57, X86_CR4_PCIDE, X86_CR4_PGE, X86_CR4_PSE,
    X86_CR4_SMAP, X86_CR4_SMEP, X86_FEATURE_NX, X86_FEATURE_PCID, X86_FEATURE_PGE,
    X86_FEATURE_PSE, X86_FEATURE_SMAP, X86_FEATURE_SMEP,
)
from sw.arch.x86.include.asm.page import __va
from sw.arch.x86.include.asm.pgtable import ptep_get
from sw.arch.x86.include.asm.pgtable_types import (
    PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE,
)
from sw.arch.x86.kernel.cpu.common import native_write_cr0, native_write_cr4
from sw.arch.x86.mm.init import split_mem_range
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.arch.x86.mm.tlb import cpu_tlbstate
from sw.bus import Access, Kind, Register
from sw.era import ERA_5_X, ERA_6_X
from sw.init.main import start_kernel
from sw.kconfig import kconfig
from sw.kernel.printk.printk import log_buf
from sw.kernel.trace.ftrace import ret_stack
from sw.mm.init_mm import init_mm
from sw.mm.memory.mem_map import empty_zero_page
from sw.mm.page_alloc import node_zones, nr_free_pages
from sw.processor.exceptions import TripleFault
from sw.variables import per_cpu_ptr
from sw.vmlinux import Kernel

from .arch_support import EACH_PAGING, booted, processor, run


KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

#: Bits of an entry, from the manual: P RW U A D PS G XD.
P, RW, US, A, D, PS, G, XD = 1, 2, 4, 0x20, 0x40, 0x80, 0x100, 1 << 63


def leaf(cpu, linear):
    """Entry and size of the page at a kernel address."""
    entryp, shift = run(lookup_address(cpu, init_mm(cpu).pgd, linear))
    return run(ptep_get(cpu, entryp)), 1 << shift


@pytest.mark.parametrize("paging, ram_bytes, highmem_bytes", [
    (PAGING_64, 256 * KIB, None),
    (PAGING_64, 3 * MIB,   None),
    (PAGING_64, 6 * GIB,   None),
    (PAGING_32, 256 * KIB, None),
    (PAGING_32, 512 * KIB, 256 * KIB),
    (PAGING_32, 6 * MIB,   None),
    (PAGING_32, 3 * GIB,   None),
    (PAGING_PAE, 256 * KIB, None),
    (PAGING_PAE, 512 * KIB, 256 * KIB),
    (PAGING_PAE, 6 * MIB,   None),
    (PAGING_PAE, 64 * GIB,  None),
    (PAGING_64_L5, 256 * KIB, None),
    (PAGING_64_L5, 6 * GIB,   None),
])
def test_all_memory_is_found_and_boot_is_cheap(paging, ram_bytes, highmem_bytes):
    cpu = processor(paging, ram_bytes, highmem_bytes=highmem_bytes)
    run(start_kernel(cpu))
    assert cpu.bus.accesses < 64
    assert nr_free_pages(cpu) == (ram_bytes >> 12) - (empty_zero_page(cpu).pfn + 1)


@EACH_PAGING
def test_every_byte_of_low_memory_is_in_the_linear_map(paging):
    cpu = booted(paging, 300 * KIB)
    for physical in range(0, 300 * KIB, 4 * KIB):
        frame = cpu.bus.mmu.memory.page(physical >> 12)
        assert run(cpu.load(__va(cpu, physical) + 8, 8)) == int.from_bytes(frame[8:16], "little")
    assert run(lookup_address(cpu, init_mm(cpu).pgd, __va(cpu, 300 * KIB))) is None or (
        leaf(cpu, __va(cpu, 300 * KIB))[0] == 0)


@pytest.mark.parametrize("paging, flags, size", [
    (PAGING_64, P | RW | A | D | PS | G | XD, 2 * MIB),
    (PAGING_32, P | RW | A | D | PS | G,      4 * MIB),
    (PAGING_PAE, P | RW | A | D | PS | G | XD, 2 * MIB),
    (PAGING_64_L5, P | RW | A | D | PS | G | XD, 2 * MIB),
])
def test_the_linear_map_is_the_kernels_alone_and_not_executable(paging, flags, size):
    cpu = booted(paging, 8 * MIB)
    entry, found = leaf(cpu, __va(cpu, 4 * MIB))
    assert (entry & ~0xF_FFFF_FFFF_F000, found) == (flags, size)
    answer = run(cpu.bus.access(Access(__va(cpu, 0), 8, user=True)))
    assert answer.fault.error_code == 0b101


@EACH_PAGING
def test_the_identity_mapping_is_gone(paging):
    cpu = booted(paging)
    answer = run(cpu.bus.access(Access(0x1000, 8)))
    assert answer.fault.error_code == 0


@EACH_PAGING
def test_the_tables_are_stored_before_paging_is_turned_on(paging):
    cpu = processor(paging)
    run(start_kernel(cpu))
    on    = next(i for i, op in enumerate(cpu.bus.log)
                 if op[1] is Register.CR0 and op[2] & X86_CR0_PG)
    order = [op[1] for op in cpu.bus.log[:on]]
    assert order == [Register.CR4, Register.CR3] + [Register.EFER] * (paging.entry_size == 8)
    physical = [a for a in cpu.bus.done if a.linear < MIB]
    linear   = [a for a in cpu.bus.done if a.linear >= paging.PAGE_OFFSET]
    assert physical and {a.kind for a in physical} == {Kind.WRITE}
    assert cpu.bus.done == physical + linear


@pytest.mark.parametrize("paging, features, cr4", [
    (PAGING_64, {},
     X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | 1 << 5 | X86_CR4_PCIDE),
    (PAGING_64, {"pcid": False}, X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | 1 << 5),
    (PAGING_64, {"smap": False, "smep": False}, X86_CR4_PGE | 1 << 5 | X86_CR4_PCIDE),
    (PAGING_64, {"pge": False, "nx": False},    X86_CR4_SMEP | X86_CR4_SMAP | 1 << 5),
    (PAGING_32, {},             X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_PSE),
    (PAGING_32, {"pse": False}, X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP),
    (PAGING_PAE, {},            X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | 1 << 5),
    (PAGING_PAE, {"nx": False, "long_mode": False, "gigabyte_pages": False, "pcid": False},
     X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | 1 << 5),
    (PAGING_64_L5, {},
     X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | 1 << 5 | X86_CR4_PCIDE | X86_CR4_LA57),
    (PAGING_64_L5, {"pcid": False},
     X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | 1 << 5 | X86_CR4_LA57),
])
def test_what_the_machine_has_is_turned_on_and_what_it_lacks_is_left_out(paging, features, cr4):
    cpu = booted(paging, 8 * MIB, **features)
    assert run(cpu.read_cr(Register.CR4)) == per_cpu_ptr(cpu_tlbstate, cpu).cr4 == cr4
    entry, size = leaf(cpu, __va(cpu, 0))
    assert bool(entry & G)  == features.get("pge", True)
    assert bool(entry & XD) == (paging.entry_size == 8 and features.get("nx", True))
    assert (size > 4 * KIB) == features.get("pse", True)
    assert run(cpu.read_cr(Register.CR3)) & 0xFFF == bool(cr4 & X86_CR4_PCIDE)


def test_gigabyte_pages_are_used_where_they_exist():
    with_, without = booted(ram_bytes=2 * GIB), booted(ram_bytes=2 * GIB, gigabyte_pages=False)
    assert leaf(with_, PAGING_64.PAGE_OFFSET)[1]   == GIB
    assert leaf(without, PAGING_64.PAGE_OFFSET)[1] == 2 * MIB


@pytest.mark.parametrize("paging, features, end, sizes", [
    (PAGING_64, 1 << 26, 2 * GIB + 4 * MIB + 8 * KIB, {GIB: 2, 2 * MIB: 2, 4 * KIB: 2}),
    (PAGING_64, 0,       4 * MIB + 4 * KIB,           {2 * MIB: 2, 4 * KIB: 1}),
    (PAGING_32, 1 << 4,  6 * MIB,                     {4 * MIB: 1, 4 * KIB: 512}),
    (PAGING_32, 0,       4 * MIB,                     {4 * KIB: 1024}),
    (PAGING_PAE, 1 << 26, 2 * GIB + 8 * KIB,          {2 * MIB: 1024, 4 * KIB: 2}),
    (PAGING_64_L5, 1 << 26, 2 * GIB + 2 * MIB,        {GIB: 2, 2 * MIB: 1}),
])
def test_memory_is_cut_into_the_largest_pages_that_fit(paging, features, end, sizes):
    cut = list(split_mem_range(paging, features, end))
    assert [physical for physical, _ in cut] == [
        sum(1 << shift for _, shift in cut[:i]) for i in range(len(cut))]
    assert {size: sum(1 << shift == size for _, shift in cut) for size in sizes} == sizes
    assert sum(1 << shift for _, shift in cut) == end


@pytest.mark.parametrize("paging", [PAGING_32, PAGING_PAE])
def test_a_32_bit_kernel_keeps_896_mib_in_the_linear_map(paging):
    zones = node_zones(booted(paging, 1 * GIB))
    assert [(zone.name, zone.end_pfn) for zone in zones] == [
        ("Normal", 896 * MIB >> 12), ("HighMem", GIB >> 12)]


@EACH_PAGING
def test_write_protection_is_on(paging):
    cpu = booted(paging)
    assert run(cpu.read_cr(Register.CR0)) & X86_CR0_WP


def test_protections_cannot_be_written_away():
    cpu = booted()
    cr0, cr4 = run(cpu.read_cr(Register.CR0)), run(cpu.read_cr(Register.CR4))
    run(native_write_cr0(cpu, cr0 & ~X86_CR0_WP))
    run(native_write_cr4(cpu, cr4 & ~(X86_CR4_SMEP | X86_CR4_SMAP)))
    assert run(cpu.read_cr(Register.CR0)) == cr0
    assert run(cpu.read_cr(Register.CR4)) == per_cpu_ptr(cpu_tlbstate, cpu).cr4 == cr4
    assert len(log_buf(cpu)) == 2


@pytest.mark.parametrize("feature, bit", [
    (X86_FEATURE_SMEP, X86_CR4_SMEP), (X86_FEATURE_SMAP, X86_CR4_SMAP),
    (X86_FEATURE_PGE,  X86_CR4_PGE | X86_CR4_PCIDE),   # without global pages it uses no PCIDs
    (X86_FEATURE_PCID, X86_CR4_PCIDE),
])
def test_a_kernel_leaves_a_feature_alone_that_it_is_told_to_do_without(feature, bit):
    cr4 = [run(booted(clearcpuid=clear).read_cr(Register.CR4)) for clear in (0, feature)]
    assert cr4[0] == cr4[1] | bit and not cr4[1] & bit


def test_a_kernel_without_execute_disable_sets_it_nowhere():
    cpu = booted(clearcpuid=X86_FEATURE_NX)
    assert not run(cpu.read_cr(Register.EFER)) & EFER_NX
    assert not leaf(cpu, __va(cpu, 0))[0] & XD


def test_a_32_bit_kernel_without_pse_has_small_pages_alone():
    cpu = booted(PAGING_32, 4 * MIB, clearcpuid=X86_FEATURE_PSE)
    assert not run(cpu.read_cr(Register.CR4)) & X86_CR4_PSE
    assert leaf(cpu, __va(cpu, 0))[1] == 4 * KIB


def test_a_kernel_that_leaves_wp_clear_does_not_pin_it():
    cpu = booted(write_protect=False)
    cr0 = run(cpu.read_cr(Register.CR0))
    assert not cr0 & X86_CR0_WP
    run(native_write_cr0(cpu, cr0))
    assert run(cpu.read_cr(Register.CR0)) == cr0 and not log_buf(cpu)


def test_a_fault_before_the_kernel_has_handlers_shuts_the_processor_down():
    cpu = processor()
    with pytest.raises(TripleFault):
        run(cpu.write_cr(Register.CR0, X86_CR0_PG))


def test_a_64_bit_kernel_does_not_start_without_long_mode():
    cpu = processor(PAGING_64, long_mode=False, gigabyte_pages=False, nx=False, pcid=False)
    with pytest.raises(AssertionError, match="long mode"):
        run(start_kernel(cpu))


@pytest.mark.parametrize("paging, feature, words", [
    (PAGING_PAE, "pae", "PAE paging"), (PAGING_64_L5, "la57", "5-level paging"),
])
def test_a_kernel_does_not_start_without_its_paging_mode(paging, feature, words):
    cpu = processor(paging, **{feature: False})
    with pytest.raises(AssertionError, match=f"this kernel needs a machine with {words}"):
        run(start_kernel(cpu))


@pytest.mark.parametrize("paging, ram_bytes, highmem_bytes", [
    (PAGING_64, MIB + 1,  None),
    (PAGING_64, MIB,      4 * KIB),
    (PAGING_32, MIB,      MIB),
    (PAGING_32, GIB,      0),
    (PAGING_32, 5 * GIB,  None),
    (PAGING_PAE, 65 * GIB, None),
    (PAGING_PAE, 2 * GIB,  0),
])
def test_impossible_memory_is_refused(paging, ram_bytes, highmem_bytes):
    with pytest.raises(ValueError, match="memory|highmem"):
        Kernel(paging, ram_bytes, ERA_6_X, highmem_bytes=highmem_bytes)


def test_the_saved_dirty_bit_exists_from_6_6_on():
    assert kconfig(booted(era=ERA_6_X)).paging.SAVED_DIRTY == 1 << 58
    assert kconfig(booted(era=ERA_5_X)).paging.SAVED_DIRTY == 0
    for paging in (PAGING_32, PAGING_PAE):
        assert kconfig(booted(paging, era=ERA_6_X)).paging.SAVED_DIRTY == 1 << 10


def test_boot_is_marked():
    cpu = processor()
    run(start_kernel(cpu))
    assert cpu.bus.marks[0] == ("start_kernel",)
    assert ("start_kernel", "startup") in cpu.bus.marks
    assert cpu.bus.marks[-1] == () == tuple(per_cpu_ptr(ret_stack, cpu))
