"""Process-context identifiers: which switch flushes, and what a processor still holds after it."""

import pytest

from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.include.asm.pgtable import pfn_pte, set_pte
from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE
from sw.arch.x86.include.asm.tlbflush import TLB_NR_DYN_ASIDS, flush_tlb_info
from sw.arch.x86.mm.tlb import (
    cpu_tlbstate, enter_lazy_tlb, flush_tlb_func, flush_tlb_kernel_range, flush_tlb_mm,
    flush_tlb_mm_range, switch_mm,
)
from sw.bus import Access, Register
from sw.kconfig import kconfig
from sw.mm.init_mm import init_mm
from sw.mm.memory.pgtable import pte_alloc
from sw.variables import per_cpu_ptr

from .arch_support import booted, loaded_context, loaded_mm, new_mm, run


P, US    = 1, 4
CR3, CR4 = Register.CR3, Register.CR4
NOFLUSH  = 1 << 63
KERNEL   = 0xFFFF_C900_0000_0000
AT       = 0x1000

EACH_LONG = pytest.mark.parametrize("paging", [PAGING_64, PAGING_64_L5],
                                    ids=lambda paging: paging.name)


def machine(paging=PAGING_64, **features):
    """A machine with PCIDs."""
    return booted(paging, **{"invpcid": True} | features)


def goes_to(cpu, mm):
    """Change the address space. Returns what was written to CR3: PCID, and whether it flushes."""
    cpu.bus.log.clear()
    run(switch_mm(cpu, loaded_mm(cpu), mm))
    written = [op[2] for op in cpu.bus.log if op[:2] == ("write", CR3)]
    assert len(written) == len(cpu.bus.log) <= 1
    if not written:
        return None
    cr3 = run(cpu.read_cr(CR3))
    assert written[0] & ~NOFLUSH == cr3 and cr3 & ~0xFFF == mm.pgd - kconfig(cpu).paging.PAGE_OFFSET
    return cr3 & 0xFFF, not written[0] & NOFLUSH


def maps(cpu, mm, frame):
    """Map a page of ``mm``, which is loaded, and let the processor cache its translation."""
    ptep = run(pte_alloc(cpu, mm, AT))
    run(set_pte(cpu, ptep, pfn_pte(kconfig(cpu).paging, frame, P | US)))
    assert seen(cpu) == frame
    return ptep


def seen(cpu):
    """The frame that the processor finds at the page; None if it finds none."""
    _, physical, fault = cpu.bus.mmu.access(Access(AT, 1, user=True))
    return None if fault else physical >> 12


@EACH_LONG
def test_an_address_space_that_is_up_to_date_is_loaded_without_a_flush(paging):
    cpu = machine(paging)
    mm, other = new_mm(cpu), new_mm(cpu)
    assert run(cpu.read_cr(CR3)) & 0xFFF == 1          # the kernel's own
    assert goes_to(cpu, mm) == (2, True)
    maps(cpu, mm, 5)
    assert goes_to(cpu, other) == (3, True)
    assert seen(cpu) is None
    assert goes_to(cpu, mm) == (2, False)
    assert seen(cpu) == 5
    assert goes_to(cpu, mm) is None
    assert goes_to(cpu, init_mm(cpu)) == (1, False)


@EACH_LONG
def test_what_was_flushed_meanwhile_is_not_seen_again(paging):
    cpu = machine(paging)
    mm, other = new_mm(cpu), new_mm(cpu)
    goes_to(cpu, mm)
    ptep = maps(cpu, mm, 5)
    goes_to(cpu, other)
    run(set_pte(cpu, ptep, 0))
    cpu.bus.log.clear()
    run(flush_tlb_mm_range(cpu, mm, AT, AT + 0x1000))
    assert cpu.bus.log == []                           # it is not loaded: nothing to do now
    assert goes_to(cpu, mm) == (2, True)
    assert seen(cpu) is None
    assert loaded_context(cpu).tlb_gen == mm.context.tlb_gen


def test_the_processor_remembers_what_a_kernel_that_counts_wrong_forgets_to_flush():
    cpu = machine()
    mm, other = new_mm(cpu), new_mm(cpu)
    goes_to(cpu, mm)
    ptep = maps(cpu, mm, 5)
    goes_to(cpu, other)
    run(set_pte(cpu, ptep, 0))
    assert goes_to(cpu, mm) == (2, False)
    assert seen(cpu) == 5


def test_of_the_slots_the_oldest_is_given_away_and_flushed():
    cpu = machine()
    mms = [new_mm(cpu) for _ in range(TLB_NR_DYN_ASIDS + 1)]
    got = [goes_to(cpu, mm) for mm in mms]
    # The first has the kernel's own address space, until they have all been given out.
    assert got == [(2, True), (3, True), (4, True), (5, True), (6, True), (1, True), (2, True)]
    assert goes_to(cpu, mms[1]) == (3, False)
    assert goes_to(cpu, mms[0]) == (3, True)           # its own was given to the last one
    assert goes_to(cpu, mms[-1]) == (2, False)
    assert goes_to(cpu, init_mm(cpu)) == (4, True)


def test_a_new_owner_of_a_slot_sees_nothing_of_the_old_one():
    cpu   = machine()
    first = new_mm(cpu)
    assert goes_to(cpu, first) == (2, True)
    maps(cpu, first, 5)
    pcid = None
    while pcid != 2:
        pcid, flushed = goes_to(cpu, new_mm(cpu))
        assert flushed
        assert seen(cpu) is None


def test_an_address_space_never_gets_the_number_of_another():
    cpu  = machine()
    seen = [init_mm(cpu).context.ctx_id, *(new_mm(cpu).context.ctx_id for _ in range(20))]
    assert len(set(seen)) == 21 and 0 not in seen


def test_a_flush_of_everything_leaves_the_other_slots_alone():
    cpu = machine()
    mm, other = new_mm(cpu), new_mm(cpu)
    goes_to(cpu, mm)
    maps(cpu, mm, 5)
    goes_to(cpu, other)
    maps(cpu, other, 6)
    cpu.bus.log.clear()
    run(flush_tlb_mm(cpu, other))
    assert [op[:2] for op in cpu.bus.log] == [("write", CR3)]
    assert not cpu.bus.log[0][2] & NOFLUSH
    assert goes_to(cpu, mm) == (2, False)
    assert cpu.bus.mmu.tlb.find(AT, 2) is not None and cpu.bus.mmu.tlb.find(AT, 3) is None


@pytest.mark.parametrize("paging", [PAGING_64, PAGING_64_L5, PAGING_32, PAGING_PAE],
                         ids=lambda paging: paging.name)
@pytest.mark.parametrize("invpcid", [False, True])
def test_a_large_kernel_range_flushes_every_slot(paging, invpcid):
    cpu = booted(paging, invpcid=invpcid)
    cr4  = run(cpu.read_cr(CR4))
    held = []
    for frame in (5, 6):
        mm = new_mm(cpu)
        run(switch_mm(cpu, loaded_mm(cpu), mm))
        maps(cpu, mm, frame)
        held.append(cpu.bus.mmu.state.pcid)
    assert len(set(held)) == (2 if paging.X86_64 else 1)
    cpu.bus.log.clear()
    run(flush_tlb_kernel_range(cpu, paging.PAGE_OFFSET, paging.PAGE_OFFSET + 0x10_0000))
    assert cpu.bus.log == ([("invpcid", 2, 0)] if invpcid
                           else [("write", CR4, cr4 ^ 1 << 7), ("write", CR4, cr4)])
    assert [cpu.bus.mmu.tlb.find(AT, pcid) for pcid in held] == [None, None]


def test_a_lazy_processor_that_is_behind_flushes_its_own_slot():
    cpu = machine()
    mm  = new_mm(cpu)
    goes_to(cpu, mm)
    ptep = maps(cpu, mm, 5)
    enter_lazy_tlb(cpu, mm)
    mm.context.tlb_gen += 1       # another processor's flush, which leaves lazy ones alone
    run(set_pte(cpu, ptep, 0))
    assert goes_to(cpu, mm) == (2, True)
    assert seen(cpu) is None


def test_a_lazy_processor_that_is_asked_goes_to_the_kernels_own_tables():
    cpu = machine()
    mm  = new_mm(cpu)
    goes_to(cpu, mm)
    maps(cpu, mm, 5)
    enter_lazy_tlb(cpu, mm)
    mm.context.tlb_gen += 1
    local_irq_disable(cpu)
    run(flush_tlb_func(cpu, flush_tlb_info(mm, AT, AT + 0x1000, mm.context.tlb_gen, True)))
    run(local_irq_enable(cpu))
    assert loaded_mm(cpu) is init_mm(cpu)
    assert per_cpu_ptr(cpu_tlbstate, cpu).loaded_mm_asid == 0
    assert goes_to(cpu, mm) == (2, True)


@pytest.mark.parametrize("paging", [PAGING_32, PAGING_PAE], ids=lambda paging: paging.name)
def test_a_32_bit_kernel_uses_no_pcids(paging):
    cpu = booted(paging)
    first, second = new_mm(cpu), new_mm(cpu)
    for mm in (first, second, first):
        run(switch_mm(cpu, loaded_mm(cpu), mm))
    assert all(op[2] < 1 << 32 for op in cpu.bus.log)
    assert per_cpu_ptr(cpu_tlbstate, cpu).loaded_mm_asid == 0
