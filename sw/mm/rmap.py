"""Mappings of a page, counted.

Ref: Linux 6.12, mm/rmap.c.
"""

from sw.include.linux.mm_types import page, vm_area_struct
from sw.include.linux.pagemap import linear_page_index


__all__ = ["folio_add_file_rmap_pte", "folio_add_new_anon_rmap", "folio_remove_rmap_pte"]


def folio_add_new_anon_rmap(page: page, vma: vm_area_struct, address: int) -> None:
    """Count the first mapping of a new private page: nobody else has it."""
    assert page.mapcount == 0, f"BUG: new frame {page.pfn:#x} is mapped"
    page.anon = page.anon_exclusive = True
    page.index    = linear_page_index(vma, address)
    page.mapcount = 1


def folio_add_file_rmap_pte(page: page) -> None:
    """Count one more mapping of a page of a file."""
    page.mapcount += 1


def folio_remove_rmap_pte(page: page) -> None:
    """Count one mapping less."""
    assert page.mapcount > 0, f"BUG: frame {page.pfn:#x} is unmapped once too often"
    page.mapcount -= 1
