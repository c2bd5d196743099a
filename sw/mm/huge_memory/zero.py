"""The huge page of zeros, which reads of untouched memory share.

Ref: Linux 6.12, mm/huge_memory.c (get_huge_zero_page, mm_get_huge_zero_folio).

It is made when the first address space wants it. Linux frees it when nobody uses it and memory is
short; here it is freed at once, as memory is always short.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pmd_leaf, pte_pfn
from sw.errno import KernelError
from sw.include.linux.mm_types import mm_struct, page
from sw.kconfig import kconfig
from sw.mm.page_alloc import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, alloc_pages, put_page
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = [
    "huge_zero_folio", "is_huge_zero_pmd", "mm_get_huge_zero_folio", "mm_put_huge_zero_folio",
]


@dataclass
class huge_zero:
    """The huge page of zeros, if there is one, and the number of address spaces that use it."""

    folio: page | None = None
    users: int         = 0


huge_zero_folio: DEFINE[huge_zero] = DEFINE(huge_zero)


async def _get_huge_zero_page(cpu: Cpu) -> page | None:
    """Return the page, with one more user; None if there is no memory for it."""
    zero = huge_zero_folio(cpu)
    if zero.folio is None:
        try:
            order = kconfig(cpu).paging.shifts[-2] - PAGE_SHIFT
            new   = await alloc_pages(cpu, GFP_HIGHUSER_MOVABLE | __GFP_ZERO, order)
        except KernelError:
            return None
        if zero.folio is None:
            zero.folio = new
        else:  # another processor was faster
            put_page(cpu, new)
    zero.users += 1
    return zero.folio


def _put_huge_zero_page(cpu: Cpu) -> None:
    zero = huge_zero_folio(cpu)
    assert zero.folio is not None and zero.users > 0, "BUG: huge page of zeros freed twice"
    zero.users -= 1
    if not zero.users:
        put_page(cpu, zero.folio)
        zero.folio = None


async def mm_get_huge_zero_folio(cpu: Cpu, mm: mm_struct) -> page | None:
    """Return the page for ``mm``, which is one of its users until it ends; None without memory."""
    if mm.huge_zero_page:
        return huge_zero_folio(cpu).folio
    folio = await _get_huge_zero_page(cpu)
    if folio is not None and mm.huge_zero_page:  # another thread was faster
        _put_huge_zero_page(cpu)
    mm.huge_zero_page = folio is not None
    return folio


def mm_put_huge_zero_folio(cpu: Cpu, mm: mm_struct) -> None:
    """End the use of the page by ``mm``, which is unmapped."""
    if mm.huge_zero_page:
        _put_huge_zero_page(cpu)
    mm.huge_zero_page = False


def is_huge_zero_pmd(cpu: Cpu, pmd: int) -> bool:
    """Tell whether a directory entry maps the huge page of zeros."""
    folio = huge_zero_folio(cpu).folio
    return (pmd_leaf(pmd) and folio is not None
            and pte_pfn(kconfig(cpu).paging, pmd) == folio.pfn)
