"""One page of a process of the kernel in ``sw``, as a query sees it.

Tables are read by the processor, as all that the kernel reads.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import (
    pmd_leaf, pte_dirty, pte_pfn, pte_present, pte_write, ptep_get,
)
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.include.linux.mm import VM_EXEC, VM_MAYSHARE, VM_READ, VM_WRITE
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.kconfig import kconfig
from sw.mm.huge_memory.zero import is_huge_zero_pmd
from sw.mm.memory.mem_map import is_zero_pfn, mem_map
from sw.mm.mmap.find import vma_lookup
from sw.processor.cpu import Cpu

from .host import HUGE, Sight


__all__ = ["look"]


async def look(cpu: Cpu, mm: mm_struct, address: int) -> Sight:
    """Look at the page of ``address``, and at its mapping."""
    vma = vma_lookup(mm, address)
    start, end   = (vma.vm_start, vma.vm_end) if vma else (0, 0)
    entry, shift = await _leaf(cpu, mm, address)
    huge = {"huge": await _huge(cpu, mm, start, end)} if end - start >= HUGE else {}
    if not pte_present(entry):
        return Sight(False, None, _perms(vma), start, end, huge)
    paging = kconfig(cpu).paging
    within = address >> PAGE_SHIFT & (1 << shift - PAGE_SHIFT) - 1
    first  = pte_pfn(paging, entry)
    folio  = mem_map(cpu)[first]
    head   = folio.compound_head or folio
    is_zero = is_huge_zero_pmd(cpu, entry) if within or shift > PAGE_SHIFT else (
        is_zero_pfn(cpu, first))
    mapped = folio.mapcount + head.entire_mapcount
    more = {"zero": is_zero, "dirty": pte_dirty(paging, entry), "writable": pte_write(entry),
            "exclusive": head.anon and folio.anon_exclusive, "mapped_once": mapped == 1}
    return Sight(True, first + within, _perms(vma), start, end, more | huge)


async def _leaf(cpu: Cpu, mm: mm_struct, address: int) -> tuple[int, int]:
    """Return the entry that maps the page, 0 if there is none, and the size that it maps."""
    leaf = await lookup_address(cpu, mm.pgd, address)
    if leaf is None:
        return 0, PAGE_SHIFT
    return await ptep_get(cpu, leaf[0]), leaf[1]


async def _huge(cpu: Cpu, mm: mm_struct, start: int, end: int) -> int:
    """Return how many KiB from ``start`` to ``end`` huge entries map, but for that of zeros."""
    found = 0
    for address in range(-(-start // HUGE) * HUGE, end, HUGE):
        entry, shift = await _leaf(cpu, mm, address)
        found += (shift > PAGE_SHIFT and pmd_leaf(entry) and not is_huge_zero_pmd(cpu, entry))
    return found * HUGE >> 10


def _perms(vma: vm_area_struct | None) -> str:
    """Rights of a mapping, as /proc/<pid>/maps tells them."""
    if vma is None:
        return ""
    rights = "".join(letter if vma.vm_flags & flag else "-" for letter, flag in
                     (("r", VM_READ), ("w", VM_WRITE), ("x", VM_EXEC)))
    return rights + ("s" if vma.vm_flags & VM_MAYSHARE else "p")
