"""Translations that a processor holds: changing the address space, and flushing.

Ref: Linux 6.12, arch/x86/mm/tlb.c; Intel SDM Vol. 3A, section 4.10.4.

Without process-context identifiers a write of CR3 flushes all but global translations. A processor
that executes a kernel thread keeps the tables of the task before it (lazy TLB): it need not
flush until tables are freed, and makes up for it when it changes back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.arch.x86.include.asm.cpufeatures import X86_CR4_PGE
from sw.arch.x86.include.asm.irqflags import (
    irqs_disabled, local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save,
)
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SIZE
from sw.bus import Register
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.smp import on_each_cpu, on_each_cpu_cond_mask
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.processor.cpu import Cpu
from sw.variables import DEFINE_PER_CPU, per_cpu_ptr, this_cpu_ptr


__all__ = [
    "TLB_FLUSH_ALL", "cpu_tlbstate", "cpu_tlbstate_shared", "enter_lazy_tlb", "flush_tlb_func",
    "flush_tlb_info", "flush_tlb_kernel_range", "flush_tlb_local", "flush_tlb_mm",
    "flush_tlb_mm_range", "flush_tlb_one_kernel", "flush_tlb_page", "flush_tlb_range",
    "initialize_tlbstate", "switch_mm", "switch_mm_irqs_off", "tlb_single_page_flush_ceiling",
    "tlb_state", "tlb_state_shared",
]


#: Pages up to which single INVLPGs are thought to be cheaper than a full flush.
tlb_single_page_flush_ceiling = 33

#: ``end`` of a flush of everything.
TLB_FLUSH_ALL = -1


@dataclass(eq=False, slots=True)
class tlb_state:
    """Translations of a processor, as far as only that processor must know.

    Attributes
    ----------
    loaded_mm : :class:`mm_struct` or :class:`None`
        The address space in CR3; none before paging is on, and while it changes.
    loaded_tlb_gen : :class:`int`
        Flushes of that address space which this processor has done.
    cr4 : :class:`int`
        CR4 as last written.
    """

    loaded_mm:      mm_struct | None = None
    loaded_tlb_gen: int              = 0
    cr4:            int              = 0


@dataclass(eq=False, slots=True)
class tlb_state_shared:
    """Translations of a processor, as far as other processors look at them.

    Attributes
    ----------
    is_lazy : :class:`bool`
        The current task has borrowed the address space, and uses only the kernel's half of it.
    """

    is_lazy: bool = False


cpu_tlbstate        = DEFINE_PER_CPU(tlb_state)
cpu_tlbstate_shared = DEFINE_PER_CPU(tlb_state_shared)


@dataclass(frozen=True)
class flush_tlb_info:
    """Flush of a range, for all processors that may hold translations of it.

    Attributes
    ----------
    start, end : :class:`int`
        Linear addresses; ``end`` is TLB_FLUSH_ALL for all.
    new_tlb_gen : :class:`int`
        Generation of the address space that the flush reaches.
    freed_tables : :class:`bool`
        Page tables are about to be freed, which processors may hold in other caches than the TLB.
    """

    mm:           mm_struct
    start:        int
    end:          int
    new_tlb_gen:  int
    freed_tables: bool


async def _load_new_mm_cr3(cpu: Cpu, pgd: int) -> None:
    await cpu.write_cr(Register.CR3, pgd - kconfig(cpu).paging.PAGE_OFFSET)


def initialize_tlbstate(cpu: Cpu) -> None:
    """Note the address space of a processor that has just turned paging on."""
    tlbstate                = this_cpu_ptr(cpu, cpu_tlbstate)
    tlbstate.loaded_mm      = init_mm(cpu)
    tlbstate.loaded_tlb_gen = init_mm(cpu).context.tlb_gen
    this_cpu_ptr(cpu, cpu_tlbstate_shared).is_lazy = False


async def switch_mm_irqs_off(cpu: Cpu, prev: mm_struct | None, next_: mm_struct) -> None:
    """Load the address space ``next_`` into CR3, if it is not there, with nothing stale.

    First this processor joins the mask of those to interrupt, then it reads the generation: a
    flush that misses the one is seen in the other. Its interrupt may come while CR3 is loaded,
    and waits until interrupts are on.
    """
    tlbstate, shared = this_cpu_ptr(cpu, cpu_tlbstate), this_cpu_ptr(cpu, cpu_tlbstate_shared)
    was_lazy, shared.is_lazy = shared.is_lazy, False
    if tlbstate.loaded_mm is next_:
        if not was_lazy or tlbstate.loaded_tlb_gen == next_.context.tlb_gen:
            return
    else:
        if tlbstate.loaded_mm is not None:
            tlbstate.loaded_mm.cpumask.discard(cpu.number)
        if next_ is not init_mm(cpu):
            next_.cpumask.add(cpu.number)
    next_tlb_gen       = next_.context.tlb_gen
    tlbstate.loaded_mm = None
    await _load_new_mm_cr3(cpu, next_.pgd)
    tlbstate.loaded_mm      = next_
    tlbstate.loaded_tlb_gen = next_tlb_gen


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
    """Flush all but global translations of this processor."""
    await cpu.write_cr(Register.CR3, await cpu.read_cr(Register.CR3))


async def _flush_tlb_global(cpu: Cpu) -> None:
    """Flush everything: toggling CR4.PGE forgets global translations too."""
    cr4 = this_cpu_ptr(cpu, cpu_tlbstate).cr4
    if not cr4 & X86_CR4_PGE:
        await flush_tlb_local(cpu)
        return
    await cpu.write_cr(Register.CR4, cr4 ^ X86_CR4_PGE)
    await cpu.write_cr(Register.CR4, cr4)


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
    if this_cpu_ptr(cpu, cpu_tlbstate_shared).is_lazy:
        # Barely slower than a flush, and no further flush of these tables concerns it.
        await switch_mm_irqs_off(cpu, mm, init_mm(cpu))
        return
    local, current = tlbstate.loaded_tlb_gen, mm.context.tlb_gen
    if local == current:
        return
    if (info.end != TLB_FLUSH_ALL and info.new_tlb_gen == local + 1
            and info.new_tlb_gen == current):
        for addr in range(info.start, info.end, PAGE_SIZE):
            await cpu.invlpg(addr)
    else:
        await flush_tlb_local(cpu)
    tlbstate.loaded_tlb_gen = current


def tlb_is_not_lazy(other: Cpu, info: flush_tlb_info) -> bool:
    """Tell whether a processor needs the flush now."""
    return not per_cpu_ptr(cpu_tlbstate_shared, other).is_lazy


async def flush_tlb_multi(cpu: Cpu, info: flush_tlb_info) -> None:
    """Flush on several processors. A lazy one must only if tables are freed."""
    cond = None if info.freed_tables else tlb_is_not_lazy
    await on_each_cpu_cond_mask(cpu, cond, flush_tlb_func, info, info.mm.cpumask)


@traced
async def flush_tlb_mm_range(cpu: Cpu, mm: mm_struct, start: int, end: int,
                             freed_tables: bool = False) -> None:
    """Flush ``[start, end)`` of ``mm`` from all processors that may hold translations of it."""
    start &= PAGE_MASK
    if end == TLB_FLUSH_ALL or (end - start) // PAGE_SIZE > tlb_single_page_flush_ceiling:
        start, end = 0, TLB_FLUSH_ALL
    mm.context.tlb_gen += 1  # before the mask is looked at: see switch_mm_irqs_off
    info = flush_tlb_info(mm, start, end, mm.context.tlb_gen, freed_tables)
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
    await _flush_tlb_global(cpu)


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
