"""Translations that a processor holds: changing the address space, and flushing.

Ref: Linux 6.12, arch/x86/mm/tlb.c; Intel SDM Vol. 3A, section 4.10.4.

Without process-context identifiers a write of CR3 flushes all but global translations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sw.arch.x86.include.cpufeatures import X86_CR4_PGE
from sw.bus import Register
from sw.kernel.ftrace import traced
from sw.mm.mm_types import PAGE_MASK, PAGE_SIZE, mm_struct, vm_area_struct

if TYPE_CHECKING:
    from sw.arch.x86.kernel.cpu import Cpu


__all__ = [
    "TLB_FLUSH_ALL", "flush_tlb_info", "flush_tlb_kernel_range", "flush_tlb_local",
    "flush_tlb_mm", "flush_tlb_mm_range", "flush_tlb_one_kernel", "flush_tlb_page",
    "flush_tlb_range", "switch_mm", "tlb_single_page_flush_ceiling",
]


#: Pages up to which single INVLPGs are thought to be cheaper than a full flush.
tlb_single_page_flush_ceiling = 33

#: ``end`` of a flush of everything.
TLB_FLUSH_ALL = -1


@dataclass(frozen=True)
class flush_tlb_info:
    """A request to flush.

    Attributes
    ----------
    start, end : :class:`int`
        Linear addresses; ``end`` is TLB_FLUSH_ALL for all.
    new_tlb_gen : :class:`int`
        Generation of the address space that the flush reaches.
    """

    mm:          mm_struct
    start:       int
    end:         int
    new_tlb_gen: int


async def _load_new_mm_cr3(cpu: Cpu, pgd: int) -> None:
    await cpu.write_cr(Register.CR3, pgd - cpu.kernel.paging.PAGE_OFFSET)


async def switch_mm(cpu: Cpu, prev: mm_struct | None, next_: mm_struct) -> None:
    """Load the address space ``next_`` into CR3, if it is not there, with nothing stale."""
    if cpu.loaded_mm is next_ and cpu.loaded_tlb_gen == next_.context.tlb_gen:
        return
    if cpu.loaded_mm is not None and cpu.loaded_mm is not next_:
        cpu.loaded_mm.cpumask.discard(cpu.number)
    next_.cpumask.add(cpu.number)
    cpu.loaded_mm      = next_
    cpu.loaded_tlb_gen = next_.context.tlb_gen
    await _load_new_mm_cr3(cpu, next_.pgd)


async def flush_tlb_local(cpu: Cpu) -> None:
    """Flush all but global translations of this processor."""
    await cpu.write_cr(Register.CR3, await cpu.read_cr(Register.CR3))


async def _flush_tlb_global(cpu: Cpu) -> None:
    """Flush everything: toggling CR4.PGE forgets global translations too."""
    if not cpu.cr4 & X86_CR4_PGE:
        await flush_tlb_local(cpu)
        return
    await cpu.write_cr(Register.CR4, cpu.cr4 ^ X86_CR4_PGE)
    await cpu.write_cr(Register.CR4, cpu.cr4)


async def flush_tlb_one_kernel(cpu: Cpu, addr: int) -> None:
    """Flush one kernel page from this processor."""
    await cpu.invlpg(addr)


@traced
async def flush_tlb_func(cpu: Cpu, info: flush_tlb_info) -> None:
    """Flush what ``info`` asks for, on the processor that got the request.

    Pages are flushed one by one only if this is the one flush that the processor lacks; behind by
    more, it would be marked as up to date without having done the others.
    """
    mm = info.mm
    if cpu.loaded_mm is not mm:
        return  # the next switch_mm sees the generation
    local, current = cpu.loaded_tlb_gen, mm.context.tlb_gen
    if local == current:
        return
    if (info.end != TLB_FLUSH_ALL and info.new_tlb_gen == local + 1
            and info.new_tlb_gen == current):
        for addr in range(info.start, info.end, PAGE_SIZE):
            await cpu.invlpg(addr)
    else:
        await flush_tlb_local(cpu)
    cpu.loaded_tlb_gen = current


@traced
async def flush_tlb_mm_range(cpu: Cpu, mm: mm_struct, start: int, end: int) -> None:
    """Flush ``[start, end)`` of ``mm`` from all processors that may hold translations of it."""
    start &= PAGE_MASK
    if end == TLB_FLUSH_ALL or (end - start) // PAGE_SIZE > tlb_single_page_flush_ceiling:
        start, end = 0, TLB_FLUSH_ALL
    mm.context.tlb_gen += 1
    info = flush_tlb_info(mm, start, end, mm.context.tlb_gen)
    for other in cpu.kernel.cpus:
        if other.number in mm.cpumask:
            await flush_tlb_func(other, info)


async def flush_tlb_page(cpu: Cpu, vma: vm_area_struct, addr: int) -> None:
    """Flush one page of a mapping."""
    await flush_tlb_mm_range(cpu, vma.vm_mm, addr, (addr & PAGE_MASK) + PAGE_SIZE)


async def flush_tlb_range(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Flush part of a mapping."""
    await flush_tlb_mm_range(cpu, vma.vm_mm, start, end)


async def flush_tlb_mm(cpu: Cpu, mm: mm_struct) -> None:
    """Flush a whole address space."""
    await flush_tlb_mm_range(cpu, mm, 0, TLB_FLUSH_ALL)


@traced
async def flush_tlb_kernel_range(cpu: Cpu, start: int, end: int) -> None:
    """Flush kernel pages, which are global, from all processors."""
    pages = range(start & PAGE_MASK, end, PAGE_SIZE)
    for other in cpu.kernel.cpus:
        if len(pages) > tlb_single_page_flush_ceiling:
            await _flush_tlb_global(other)
        else:
            for addr in pages:
                await flush_tlb_one_kernel(other, addr)
