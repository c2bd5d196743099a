"""Flushes: what is asked of the processor, and what it forgets."""

import pytest

from sw.arch.x86.include.asm.cpufeatures import X86_CR4_PGE
from sw.arch.x86.include.asm.irqflags import local_irq_disable
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import pfn_pte, set_pte
from sw.arch.x86.include.asm.tlbflush import flush_tlb_info
from sw.arch.x86.mm.tlb import (
    cpu_tlbstate, flush_tlb_func, flush_tlb_kernel_range, flush_tlb_mm,
    flush_tlb_mm_range, flush_tlb_page, flush_tlb_range, switch_mm,
)
from sw.bus import Access, Register
from sw.include.linux.mm import VM_READ
from sw.kconfig import kconfig
from sw.mm.init_mm import init_mm
from sw.mm.memory.pgtable import pte_alloc
from sw.variables import per_cpu_ptr

from .arch_support import (
    EACH_PAGING, add_vma, booted, loaded_context, new_mm, run, user_task,
)


P, US = 1, 4
CR3, CR4 = Register.CR3, Register.CR4


def flushes(cpu):
    """Flushes of the processor since the last look: pages, or "all"."""
    log = ["all" if op[:2] == ("write", CR3) else op[1] for op in cpu.bus.log]
    cpu.bus.log.clear()
    return log


def mapped(cpu, mm, addr, frame):
    """Map a page, and make the processor hold its translation. Returns the entry's address."""
    ptep = run(pte_alloc(cpu, mm, addr))
    run(set_pte(cpu, ptep, pfn_pte(kconfig(cpu).paging, frame, P | US)))
    assert run(cpu.bus.access(Access(addr, 1, user=True))).fault is None
    return ptep


@EACH_PAGING
def test_a_change_of_address_space_loads_cr3_once(paging):
    cpu = booted(paging)
    mm  = user_task(cpu)
    pcid = 2 if paging.X86_64 else 0   # the second: the first is the kernel's
    assert cpu.bus.log == [("write", CR3, mm.pgd - paging.PAGE_OFFSET | pcid)]
    assert mm.cpumask == {0} and init_mm(cpu).cpumask == set()
    flushes(cpu)
    run(switch_mm(cpu, mm, mm))
    assert flushes(cpu) == []


def test_a_flush_that_was_missed_is_made_up_for_at_the_next_switch():
    cpu = booted()
    mm  = user_task(cpu)
    run(switch_mm(cpu, mm, init_mm(cpu)))
    flushes(cpu)
    run(flush_tlb_mm(cpu, mm))
    assert flushes(cpu) == []
    run(switch_mm(cpu, init_mm(cpu), mm))
    assert flushes(cpu) == ["all"]
    assert loaded_context(cpu).tlb_gen == mm.context.tlb_gen


@EACH_PAGING
def test_one_page_is_flushed_alone(paging):
    cpu = booted(paging)
    mm  = user_task(cpu)
    vma = add_vma(cpu, mm, 0x1000, 0x9000, VM_READ)
    for addr in (0x1000, 0x2000):
        run(set_pte(cpu, mapped(cpu, mm, addr, 5), 0))
    flushes(cpu)
    run(flush_tlb_page(cpu, vma, 0x1234))
    assert flushes(cpu) == [0x1000]
    assert run(cpu.bus.access(Access(0x1000, 1, user=True))).fault is not None
    assert run(cpu.bus.access(Access(0x2000, 1, user=True))).fault is None


@pytest.mark.parametrize("pages, asked", [
    (1,  [0x1000]),
    (33, [0x1000 + PAGE_SIZE * i for i in range(33)]),
    (34, ["all"]),
])
def test_more_than_33_pages_are_flushed_with_all_the_rest(pages, asked):
    cpu = booted()
    mm  = user_task(cpu)
    vma = add_vma(cpu, mm, 0x1000, 0x100_0000, VM_READ)
    flushes(cpu)
    run(flush_tlb_range(cpu, vma, 0x1000, 0x1000 + pages * PAGE_SIZE))
    assert flushes(cpu) == asked


def test_a_processor_that_is_behind_by_more_than_one_flushes_everything():
    cpu = booted()
    mm  = user_task(cpu)
    flushes(cpu)
    mm.context.tlb_gen += 1   # another processor's flush, whose request is still on its way
    run(flush_tlb_mm_range(cpu, mm, 0x1000, 0x2000))
    assert flushes(cpu) == ["all"]
    assert loaded_context(cpu).tlb_gen == mm.context.tlb_gen


@pytest.mark.parametrize("features, asked", [
    ({},             [CR4, CR4]),
    ({"pge": False}, [CR3]),
])
def test_a_large_kernel_range_flushes_global_translations_too(features, asked):
    cpu = booted(**features)
    run(flush_tlb_kernel_range(cpu, 0xFFFF_C900_0000_0000, 0xFFFF_C900_0010_0000))
    assert [op[1] for op in cpu.bus.log] == asked
    assert bool(per_cpu_ptr(cpu_tlbstate, cpu).cr4 & X86_CR4_PGE) == features.get("pge", True)
    assert run(cpu.read_cr(CR4)) == per_cpu_ptr(cpu_tlbstate, cpu).cr4


def test_a_small_kernel_range_is_flushed_page_by_page():
    cpu = booted()
    run(flush_tlb_kernel_range(cpu, 0xFFFF_C900_0000_0000, 0xFFFF_C900_0000_2001))
    assert flushes(cpu) == [0xFFFF_C900_0000_0000 + PAGE_SIZE * i for i in range(3)]


def test_another_address_space_is_not_seen_after_a_switch():
    cpu  = booted()
    mm   = user_task(cpu)
    mapped(cpu, mm, 0x1000, 5)
    next_ = new_mm(cpu)
    run(switch_mm(cpu, mm, next_))
    assert run(cpu.bus.access(Access(0x1000, 1, user=True))).fault.error_code == 0b100


def test_a_request_for_another_address_space_or_one_that_is_done_flushes_nothing():
    cpu   = booted()
    mm    = user_task(cpu)
    other = new_mm(cpu)
    other.context.tlb_gen = 9
    flushes(cpu)
    local_irq_disable(cpu)
    for asked in (other, mm):
        gen = asked.context.tlb_gen
        run(flush_tlb_func(cpu, flush_tlb_info(asked, 0x1000, 0x2000, gen, False)))
        assert flushes(cpu) == []
        assert loaded_context(cpu).tlb_gen == mm.context.tlb_gen


def test_a_kernel_range_is_flushed_from_the_page_that_it_begins_in():
    cpu = booted()
    at  = kconfig(cpu).paging.PAGE_OFFSET
    flushes(cpu)
    run(flush_tlb_kernel_range(cpu, at + 8, at + PAGE_SIZE + 1))
    assert flushes(cpu) == [at, at + PAGE_SIZE]
