"""Translations that a processor holds: changing the address space, and flushing.

Ref: Linux 6.12, arch/x86/mm/tlb.c; Intel SDM Vol. 3A, sections 4.10.1 and 4.10.4.

Each address space counts its flushes (``tlb_gen``), and each processor knows up to which one it has
followed. Where there are process-context identifiers a processor keeps the translations of the
last six address spaces that it was in, each in a slot (ASID), and comes back to one without a
flush if no count has gone on. Without them there is one slot, and a write of CR3 flushes all but
global translations. A processor that executes a kernel thread keeps the tables of the task before
it (lazy TLB): it need not flush until tables are freed, and makes up for it when it changes back.

Linux has a second PCID for each slot, of programs, if their tables are not the kernel's (PTI). Here
they are the same.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.cpufeatures import (
    X86_CR3_PCID_NOFLUSH, X86_CR4_PGE, X86_FEATURE_INVPCID, X86_FEATURE_PCID, X86_FEATURE_PGE,
    boot_cpu_has,
)
from sw.arch.x86.include.asm.invpcid import invpcid_flush_all
from sw.arch.x86.include.asm.irqflags import (
    irqs_disabled, local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save,
)
from sw.arch.x86.include.asm.page import __pa
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.tlbflush import (
    TLB_FLUSH_ALL, TLB_NR_DYN_ASIDS, flush_tlb_info, tlb_context, tlb_state, tlb_state_shared,
)
from sw.bus import Register
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.kernel.smp import on_each_cpu, on_each_cpu_cond_mask
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm, init_mm_ctx_id
from sw.processor.cpu import Cpu
from sw.variables import DEFINE, DEFINE_PER_CPU, per_cpu_ptr, this_cpu_ptr


__all__ = [
    "cpu_tlbstate", "cpu_tlbstate_shared", "enter_lazy_tlb", "flush_tlb_func",
    "flush_tlb_kernel_range", "flush_tlb_local", "flush_tlb_mm", "flush_tlb_mm_range",
    "flush_tlb_one_kernel", "flush_tlb_page", "flush_tlb_range", "init_new_context",
    "initialize_tlbstate_and_flush", "load_cr3", "switch_mm", "switch_mm_irqs_off",
    "tlb_single_page_flush_ceiling",
]


#: Pages up to which single INVLPGs are thought to be cheaper than a full flush.
tlb_single_page_flush_ceiling = 33

#: The number that was given to an address space last; init_mm has the first. None is used again.
last_mm_ctx_id = DEFINE(lambda: init_mm_ctx_id)

cpu_tlbstate        = DEFINE_PER_CPU(tlb_state)
cpu_tlbstate_shared = DEFINE_PER_CPU(tlb_state_shared)


def init_new_context(cpu: Cpu, mm: mm_struct) -> None:
    """Number a new address space. Of another one that had its root table nothing is kept."""
    mm.context.ctx_id = last_mm_ctx_id(cpu) + 1
    last_mm_ctx_id.set(cpu, mm.context.ctx_id)


def kern_pcid(asid: int) -> int:
    """PCID of an ASID. 0 is left out: it is in CR3 while CR4.PCIDE is clear."""
    return asid + 1


def build_cr3(cpu: Cpu, pgd: int, asid: int) -> int:
    """CR3 for a root table, with what is cached of it under ``asid`` flushed."""
    if boot_cpu_has(cpu, X86_FEATURE_PCID):
        return __pa(cpu, pgd) | kern_pcid(asid)
    assert asid == 0, "BUG: without PCIDs there is one ASID"
    return __pa(cpu, pgd)


async def load_cr3(cpu: Cpu, pgd: int) -> None:
    """Load a root table before there are ASIDs."""
    await cpu.write_cr(Register.CR3, __pa(cpu, pgd))


async def load_new_mm_cr3(cpu: Cpu, pgd: int, asid: int, need_flush: bool) -> None:
    """Load a root table, with or without a flush of what is cached under its ASID."""
    cr3 = build_cr3(cpu, pgd, asid)
    await cpu.write_cr(Register.CR3, cr3 if need_flush else cr3 | X86_CR3_PCID_NOFLUSH)


async def initialize_tlbstate_and_flush(cpu: Cpu) -> None:
    """Begin with the kernel's tables under ASID 0, on a processor that has just loaded them.

    Linux writes CR3 in any case; here only where it differs, since without PCIDs it was flushed
    when it was loaded.
    """
    mm       = init_mm(cpu)
    tlbstate = this_cpu_ptr(cpu, cpu_tlbstate)
    if boot_cpu_has(cpu, X86_FEATURE_PCID):
        await cpu.write_cr(Register.CR3, build_cr3(cpu, mm.pgd, 0))
    tlbstate.loaded_mm      = mm
    tlbstate.loaded_mm_asid = 0
    tlbstate.next_asid      = 1
    tlbstate.ctxs = [tlb_context(mm.context.ctx_id, mm.context.tlb_gen),
                     *(tlb_context() for _ in range(1, TLB_NR_DYN_ASIDS))]
    this_cpu_ptr(cpu, cpu_tlbstate_shared).is_lazy = False


def choose_new_asid(cpu: Cpu, next_: mm_struct, next_tlb_gen: int) -> tuple[int, bool]:
    """Choose the ASID for an address space, and tell whether it must be flushed.

    It is the one that it had last on this processor, if nobody has got that since; then nothing
    need be flushed if this processor has followed all flushes. Else they are given out in turn.
    """
    if not boot_cpu_has(cpu, X86_FEATURE_PCID):
        return 0, True
    tlbstate = this_cpu_ptr(cpu, cpu_tlbstate)
    for asid, context in enumerate(tlbstate.ctxs):
        if context.ctx_id == next_.context.ctx_id:
            return asid, context.tlb_gen < next_tlb_gen
    new_asid = tlbstate.next_asid
    if new_asid >= TLB_NR_DYN_ASIDS:
        new_asid = 0
    tlbstate.next_asid = new_asid + 1
    return new_asid, True


async def switch_mm_irqs_off(cpu: Cpu, prev: mm_struct | None, next_: mm_struct) -> None:
    """Load the address space ``next_`` into CR3, if it is not there, with nothing stale.

    First this processor joins the mask of those to interrupt, then it reads the generation: a
    flush that misses the one is seen in the other. Its interrupt may come while CR3 is loaded,
    and waits until interrupts are on.
    """
    tlbstate, shared = this_cpu_ptr(cpu, cpu_tlbstate), this_cpu_ptr(cpu, cpu_tlbstate_shared)
    was_lazy, shared.is_lazy = shared.is_lazy, False
    if tlbstate.loaded_mm is next_:
        new_asid, need_flush = tlbstate.loaded_mm_asid, True
        context = tlbstate.ctxs[new_asid]
        assert context.ctx_id == next_.context.ctx_id, "BUG: the ASID is another address space's"
        next_tlb_gen = next_.context.tlb_gen
        if not was_lazy or context.tlb_gen == next_tlb_gen:
            return
    else:
        if tlbstate.loaded_mm is not None:
            tlbstate.loaded_mm.cpumask.discard(cpu.number)
        if next_ is not init_mm(cpu):
            next_.cpumask.add(cpu.number)
        next_tlb_gen         = next_.context.tlb_gen
        new_asid, need_flush = choose_new_asid(cpu, next_, next_tlb_gen)
    tlbstate.loaded_mm = None
    if need_flush:
        tlbstate.ctxs[new_asid] = tlb_context(next_.context.ctx_id, next_tlb_gen)
    await load_new_mm_cr3(cpu, next_.pgd, new_asid, need_flush)
    tlbstate.loaded_mm      = next_
    tlbstate.loaded_mm_asid = new_asid


async def switch_mm(cpu: Cpu, prev: mm_struct | None, next_: mm_struct) -> None:
    """Change the address space from wherever."""
    flags = local_irq_save(cpu)
    await switch_mm_irqs_off(cpu, prev, next_)
    await local_irq_restore(cpu, flags)


def enter_lazy_tlb(cpu: Cpu, mm: mm_struct) -> None:
    """Stay on the tables of ``mm`` for a task that has none."""
    if this_cpu_ptr(cpu, cpu_tlbstate).loaded_mm is not init_mm(cpu):
        this_cpu_ptr(cpu, cpu_tlbstate_shared).is_lazy = True


async def flush_tlb_local(cpu: Cpu) -> None:
    """Flush all but global translations of the address space that is loaded here."""
    await cpu.write_cr(Register.CR3, await cpu.read_cr(Register.CR3))


async def native_flush_tlb_global(cpu: Cpu) -> None:
    """Flush everything, global or not and of every PCID, as toggling CR4.PGE does too."""
    if boot_cpu_has(cpu, X86_FEATURE_INVPCID):
        await invpcid_flush_all(cpu)
        return
    cr4 = this_cpu_ptr(cpu, cpu_tlbstate).cr4
    await cpu.write_cr(Register.CR4, cr4 ^ X86_CR4_PGE)
    await cpu.write_cr(Register.CR4, cr4)


async def __flush_tlb_all(cpu: Cpu) -> None:
    """Flush everything. Without global pages there are no PCIDs either (``setup_pcid``)."""
    if boot_cpu_has(cpu, X86_FEATURE_PGE):
        await native_flush_tlb_global(cpu)
    else:
        await flush_tlb_local(cpu)


async def flush_tlb_one_kernel(cpu: Cpu, addr: int) -> None:
    """Flush one kernel page from this processor."""
    await cpu.invlpg(addr)


@traced
async def flush_tlb_func(cpu: Cpu, info: flush_tlb_info) -> None:
    """Do the flush ``info``, on a processor that was interrupted for it.

    Pages are flushed one by one only if this is the one flush that the processor lacks; behind by
    more, it would be marked as up to date without having done the others.
    """
    assert irqs_disabled(cpu), "BUG: the address space could change meanwhile"
    mm, tlbstate = info.mm, this_cpu_ptr(cpu, cpu_tlbstate)
    if tlbstate.loaded_mm is not mm:
        return  # the next switch_mm sees the generation
    context = tlbstate.ctxs[tlbstate.loaded_mm_asid]
    assert context.ctx_id == mm.context.ctx_id, "BUG: the ASID is another address space's"
    if this_cpu_ptr(cpu, cpu_tlbstate_shared).is_lazy:
        # Barely slower than a flush, and no further flush of these tables concerns it.
        await switch_mm_irqs_off(cpu, mm, init_mm(cpu))
        return
    local, current = context.tlb_gen, mm.context.tlb_gen
    if local == current:
        return
    if (info.end != TLB_FLUSH_ALL and info.new_tlb_gen == local + 1
            and info.new_tlb_gen == current):
        for addr in range(info.start, info.end, 1 << info.stride_shift):
            await cpu.invlpg(addr)
    else:
        await flush_tlb_local(cpu)
    context.tlb_gen = current


def tlb_is_not_lazy(other: Cpu, info: flush_tlb_info) -> bool:
    """Tell whether a processor needs the flush now."""
    return not per_cpu_ptr(cpu_tlbstate_shared, other).is_lazy


async def flush_tlb_multi(cpu: Cpu, info: flush_tlb_info) -> None:
    """Flush on several processors. A lazy one must only if tables are freed."""
    cond = None if info.freed_tables else tlb_is_not_lazy
    await on_each_cpu_cond_mask(cpu, cond, flush_tlb_func, info, info.mm.cpumask)


@traced
async def flush_tlb_mm_range(cpu: Cpu, mm: mm_struct, start: int, end: int,
                             freed_tables: bool = False, stride_shift: int = PAGE_SHIFT) -> None:
    """Flush ``[start, end)`` of ``mm`` from all processors that may hold translations of it.

    ``1 << stride_shift`` bytes is the least size of a page whose translation has changed.
    """
    start &= PAGE_MASK
    if end == TLB_FLUSH_ALL or end - start >> stride_shift > tlb_single_page_flush_ceiling:
        start, end = 0, TLB_FLUSH_ALL
    mm.context.tlb_gen += 1  # before the mask is looked at: see switch_mm_irqs_off
    info = flush_tlb_info(mm, start, end, mm.context.tlb_gen, freed_tables, stride_shift)
    if mm.cpumask - {cpu.number}:
        await flush_tlb_multi(cpu, info)
    elif this_cpu_ptr(cpu, cpu_tlbstate).loaded_mm is mm:
        local_irq_disable(cpu)
        await flush_tlb_func(cpu, info)
        await local_irq_enable(cpu)


async def flush_tlb_page(cpu: Cpu, vma: vm_area_struct, addr: int) -> None:
    """Flush one page of a mapping."""
    await flush_tlb_mm_range(cpu, vma.vm_mm, addr, (addr & PAGE_MASK) + PAGE_SIZE)


async def flush_tlb_range(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Flush part of a mapping."""
    await flush_tlb_mm_range(cpu, vma.vm_mm, start, end)


async def flush_tlb_mm(cpu: Cpu, mm: mm_struct) -> None:
    """Flush a whole address space."""
    await flush_tlb_mm_range(cpu, mm, 0, TLB_FLUSH_ALL)


async def do_flush_tlb_all(cpu: Cpu, info: None) -> None:
    """Flush everything."""
    await __flush_tlb_all(cpu)


async def do_kernel_range_flush(cpu: Cpu, pages: range) -> None:
    """Flush kernel pages one by one."""
    for addr in pages:
        await flush_tlb_one_kernel(cpu, addr)


@traced
async def flush_tlb_kernel_range(cpu: Cpu, start: int, end: int) -> None:
    """Flush kernel pages, which are global, from all processors."""
    pages = range(start & PAGE_MASK, end, PAGE_SIZE)
    if len(pages) > tlb_single_page_flush_ceiling:
        await on_each_cpu(cpu, do_flush_tlb_all, None)
    else:
        await on_each_cpu(cpu, do_kernel_range_flush, pages)
