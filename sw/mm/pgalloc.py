"""Frames of page tables, by the root table that leads to them.

Ref: Linux 6.12, include/linux/mm.h (pagetable_alloc, pagetable_free).
"""

from sw.include.linux.mm_types import page
from sw.processor.cpu import Cpu
from sw.variables import DEFINE

from .page_alloc import __free_page, alloc_page


__all__ = ["page_tables", "pagetable_alloc", "pagetable_free"]


#: Tables of each address space below its root, by the linear address of that.
page_tables: DEFINE[dict[int, set[page]]] = DEFINE(dict)


async def pagetable_alloc(cpu: Cpu, gfp: int, pgd: int) -> page:
    """Take a frame for a table below the root ``pgd``. Raises ENOMEM."""
    table = await alloc_page(cpu, gfp)
    page_tables(cpu).setdefault(pgd, set()).add(table)
    return table


def pagetable_free(cpu: Cpu, pgd: int, table: page) -> None:
    """Give it back."""
    tables = page_tables(cpu)[pgd]
    tables.remove(table)
    if not tables:
        del page_tables(cpu)[pgd]
    __free_page(cpu, table)
