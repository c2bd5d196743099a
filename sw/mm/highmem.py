"""Linear addresses for page frames, also for those that have no permanent one.

Ref: Linux 6.12, mm/highmem.c, include/linux/highmem.h, highmem-internal.h.

``kmap`` takes a slot of a window that all processors see; the entry outlives ``kunmap`` and is
flushed when the slots have been used up once. ``kmap_local_page`` takes a slot of this processor,
and ``kunmap_local`` clears it at once. Frames of the linear map, on 64-bit all of them, need
neither.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page import clear_page, copy_page, page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import (
    mk_pte, pte_clear, pte_none, pte_page, ptep_get, set_pte_at,
)
from sw.arch.x86.include.asm.pgtable_types import PAGE_KERNEL
from sw.arch.x86.mm.highmem_32 import (
    KM_MAX_IDX, highmem, kmap_local_slot, pkmap_addr, pkmap_nr,
)
from sw.arch.x86.mm.tlb import flush_tlb_kernel_range, flush_tlb_one_kernel
from sw.include.linux.mm_types import page, vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock, spin_unlock
from sw.kernel.sched.wait import sleep_on, waitqueue_active, wake_up
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .init_mm import init_mm
from .memory.mem_map import mem_map


__all__ = [
    "clear_highpage", "copy_user_highpage", "kmap", "kmap_local_page", "kmap_local_sched_in",
    "kmap_local_sched_out", "kunmap", "kunmap_local", "page_address",
]


def page_address(cpu: Cpu, pg: page) -> int | None:
    """Linear address that all processors may use for a frame; None if it has none now."""
    return pg.virtual if pg.highmem else page_to_virt(cpu, pg)


# kmap: the pkmap window

@traced
async def kmap(cpu: Cpu, pg: page) -> int:
    """Map a frame until ``kunmap``. May sleep until a slot is free. Returns its address."""
    if not pg.highmem:
        return page_to_virt(cpu, pg)
    return await kmap_high(cpu, pg)


@traced
async def kunmap(cpu: Cpu, pg: page) -> None:
    """End what ``kmap`` began. The entry stays until the window is flushed."""
    if pg.highmem:
        await kunmap_high(cpu, pg)


@traced
async def kmap_high(cpu: Cpu, pg: page) -> int:
    """Map a frame of high memory in the window, or use the slot that it has there."""
    areas = highmem(cpu)
    await spin_lock(cpu, areas.kmap_lock)
    vaddr = pg.virtual
    if vaddr is None:
        vaddr = await map_new_virtual(cpu, pg)
    nr = pkmap_nr(kconfig(cpu).paging, vaddr)
    areas.pkmap_count[nr] += 1
    assert areas.pkmap_count[nr] >= 2, f"BUG: pkmap slot {nr} has no entry"
    spin_unlock(cpu, areas.kmap_lock)
    return vaddr


@traced
async def map_new_virtual(cpu: Cpu, pg: page) -> int:
    """Find a free slot for a frame that has none, and set its entry. ``kmap_lock`` is held."""
    paging, areas = kconfig(cpu).paging, highmem(cpu)
    tries = paging.LAST_PKMAP
    while True:
        areas.last_pkmap_nr = nr = (areas.last_pkmap_nr + 1) % paging.LAST_PKMAP
        if nr == 0:
            await flush_all_zero_pkmaps(cpu)
            tries = paging.LAST_PKMAP
        if areas.pkmap_count[nr] == 0:
            break
        tries -= 1
        if tries == 0:
            spin_unlock(cpu, areas.kmap_lock)
            await sleep_on(cpu, areas.pkmap_map_wait)
            await spin_lock(cpu, areas.kmap_lock)
            if pg.virtual is not None:  # somebody mapped it while we slept
                return pg.virtual
            tries = paging.LAST_PKMAP

    vaddr = pkmap_addr(paging, nr)
    ptep  = paging.entry(areas.pkmap_page_table, PAGE_SHIFT, vaddr)
    await set_pte_at(cpu, init_mm(cpu), vaddr, ptep, mk_pte(paging, pg, PAGE_KERNEL))
    areas.pkmap_count[nr] = 1
    pg.virtual = vaddr
    return vaddr


@traced
async def flush_all_zero_pkmaps(cpu: Cpu) -> None:
    """Free the slots that are mapped for nobody, with one flush for all of them."""
    paging, areas = kconfig(cpu).paging, highmem(cpu)
    need_flush    = False
    for nr, count in enumerate(areas.pkmap_count):
        if count != 1:
            continue
        vaddr = pkmap_addr(paging, nr)
        ptep  = paging.entry(areas.pkmap_page_table, PAGE_SHIFT, vaddr)
        pte   = await ptep_get(cpu, ptep)
        assert not pte_none(pte), f"BUG: pkmap slot {nr} has lost its entry"
        areas.pkmap_count[nr] = 0
        await pte_clear(cpu, init_mm(cpu), vaddr, ptep)
        pte_page(cpu, pte).virtual = None
        need_flush = True
    if need_flush:
        await flush_tlb_kernel_range(cpu, pkmap_addr(paging, 0),
                                     pkmap_addr(paging, paging.LAST_PKMAP))


@traced
async def kunmap_high(cpu: Cpu, pg: page) -> None:
    """Give up one use of a frame's slot; the last one wakes those that wait for a slot."""
    areas = highmem(cpu)
    await spin_lock(cpu, areas.kmap_lock)
    assert pg.virtual is not None, f"BUG: frame {pg.pfn:#x} is not mapped"
    nr = pkmap_nr(kconfig(cpu).paging, pg.virtual)
    areas.pkmap_count[nr] -= 1
    assert areas.pkmap_count[nr] >= 1, f"BUG: pkmap slot {nr} unmapped too often"
    need_wakeup = areas.pkmap_count[nr] == 1 and waitqueue_active(areas.pkmap_map_wait)
    spin_unlock(cpu, areas.kmap_lock)
    if need_wakeup:
        await wake_up(cpu, areas.pkmap_map_wait)


# kmap_local_page: fixmap slots of one processor

@traced
async def kmap_local_page(cpu: Cpu, pg: page) -> int:
    """Map a frame on this processor until ``kunmap_local``. Never sleeps. Returns its address."""
    if not pg.highmem:
        return page_to_virt(cpu, pg)
    ctrl  = current(cpu).kmap_ctrl
    depth = len(ctrl.pteval)
    assert depth < KM_MAX_IDX, "BUG: too many local mappings at a time"
    vaddr, ptep = kmap_local_slot(cpu, depth)
    assert pte_none(await ptep_get(cpu, ptep)), f"BUG: local slot {depth} is in use"
    pte = mk_pte(kconfig(cpu).paging, pg, PAGE_KERNEL)
    ctrl.pteval.append(pte)
    await set_pte_at(cpu, init_mm(cpu), vaddr, ptep, pte)
    return vaddr


@traced
async def kunmap_local(cpu: Cpu, vaddr: int) -> None:
    """End what ``kmap_local_page`` began; the last one first. ``vaddr``: any byte of the page."""
    paging = kconfig(cpu).paging
    if vaddr < paging.PAGE_OFFSET + (mem_map(cpu).max_low_pfn << PAGE_SHIFT):
        assert vaddr >= paging.PAGE_OFFSET, f"BUG: {vaddr:#x} is no kernel address"
        return
    ctrl       = current(cpu).kmap_ctrl
    slot, ptep = kmap_local_slot(cpu, len(ctrl.pteval) - 1)
    assert ctrl.pteval and slot == vaddr & PAGE_MASK, (
        f"BUG: {vaddr:#x} is not the local mapping made last"
    )
    await pte_clear(cpu, init_mm(cpu), slot, ptep)
    await flush_tlb_one_kernel(cpu, slot)
    ctrl.pteval.pop()


async def kmap_local_sched_out(cpu: Cpu) -> None:
    """Clear the local slots of the current task, which leaves the processor."""
    for depth in range(len(current(cpu).kmap_ctrl.pteval)):
        slot, ptep = kmap_local_slot(cpu, depth)
        await pte_clear(cpu, init_mm(cpu), slot, ptep)
        await flush_tlb_one_kernel(cpu, slot)


async def kmap_local_sched_in(cpu: Cpu) -> None:
    """Set the local slots of the current task, which comes to the processor, where they were."""
    for depth, pte in enumerate(current(cpu).kmap_ctrl.pteval):
        slot, ptep = kmap_local_slot(cpu, depth)
        await set_pte_at(cpu, init_mm(cpu), slot, ptep, pte)


# Whole pages, wherever they are

@traced
async def clear_highpage(cpu: Cpu, pg: page) -> None:
    """Fill a frame with zeros."""
    kaddr = await kmap_local_page(cpu, pg)
    await clear_page(cpu, kaddr)
    await kunmap_local(cpu, kaddr)


@traced
async def copy_user_highpage(
    cpu: Cpu, to: page, from_: page, vaddr: int, vma: vm_area_struct,
) -> None:
    """Copy a frame that is mapped at user address ``vaddr`` of ``vma``.

    Caches of x86 know physical addresses, so where it is mapped does not matter.
    """
    vfrom = await kmap_local_page(cpu, from_)
    vto   = await kmap_local_page(cpu, to)
    await copy_page(cpu, vto, vfrom)
    await kunmap_local(cpu, vto)
    await kunmap_local(cpu, vfrom)
