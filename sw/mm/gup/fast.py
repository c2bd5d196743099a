"""Pages taken out of the tables without a lock.

Ref: Linux 6.12, mm/gup.c (gup_fast).

Interrupts wait meanwhile. Whoever takes a table or a page out of the tables frees it only when all
processors that use them have answered an interrupt; so what is found here is still there.
"""

from sw.arch.x86.include.asm.irqflags import local_irq_restore, local_irq_save
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import pte_page, pte_special, ptep_get
from sw.arch.x86.include.asm.pgtable_types import _PAGE_PRESENT, _PAGE_RW, _PAGE_USER
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.include.linux.mm_types import FOLL_WRITE, folio_pages, mm_struct, page
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.zero import is_huge_zero_pmd
from sw.mm.page_alloc import put_page
from sw.mm.secretmem import folio_is_secretmem
from sw.processor.cpu import Cpu

from .follow import try_grab_folio


__all__ = ["gup_fast"]


def pte_access_permitted(pte: int, *, write: bool) -> bool:
    """Tell whether a program could read the page, or write to it: what the processor looks at."""
    wanted = _PAGE_PRESENT | _PAGE_USER | (_PAGE_RW if write else 0)
    return pte & wanted == wanted


async def _one_page(cpu: Cpu, mm: mm_struct, address: int, flags: int) -> page | None:
    leaf = await lookup_address(cpu, mm.pgd, address)
    if leaf is None:
        return None
    ptep, shift = leaf
    pte = await ptep_get(cpu, ptep)
    if (not pte_access_permitted(pte, write=bool(flags & FOLL_WRITE)) or pte_special(pte)
            or shift != PAGE_SHIFT and is_huge_zero_pmd(cpu, pte)):
        return None
    pg = pte_page(cpu, pte)
    if shift != PAGE_SHIFT:
        pg = folio_pages(pg)[address % kconfig(cpu).paging.HPAGE_PMD_SIZE >> PAGE_SHIFT]
    if folio_is_secretmem(pg):
        return None
    try_grab_folio(cpu, pg, flags)
    if await ptep_get(cpu, ptep) != pte:  # a fork may be about to ask who holds the page
        put_page(cpu, pg)
        return None
    return pg


@traced
async def gup_fast(cpu: Cpu, mm: mm_struct, start: int, nr_pages: int, flags: int) -> list[page]:
    """Return the pages from ``start`` on, each with a reference, up to the first that is not mapped
    as a program would need it. No mapping is looked at."""
    pages: list[page] = []
    waited = local_irq_save(cpu)
    for address in range(start, start + nr_pages * PAGE_SIZE, PAGE_SIZE):
        pg = await _one_page(cpu, mm, address, flags)
        if pg is None:
            break
        pages.append(pg)
    await local_irq_restore(cpu, waited)
    return pages
