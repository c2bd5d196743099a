"""Mappings of a page, counted.

Ref: Linux 6.12, mm/rmap.c.
"""

from sw.include.linux.mm_types import page, vm_area_struct
from sw.include.linux.pagemap import linear_page_index


__all__ = ["folio_add_file_rmap_pte", "folio_add_new_anon_rmap", "folio_remove_rmap_pte"]


def folio_add_new_anon_rmap(folio: page, vma: vm_area_struct, address: int) -> None:
    """Count the first mapping of a new private page: nobody else has it."""
    assert folio.mapcount == 0, f"BUG: new frame {folio.pfn:#x} is mapped"
    folio.anon     = folio.anon_exclusive = True
    folio.index    = linear_page_index(vma, address)
    folio.mapcount = 1


def folio_add_file_rmap_pte(folio: page) -> None:
    """Count one more mapping of a page of a file."""
    folio.mapcount += 1


def folio_remove_rmap_pte(folio: page) -> None:
    """Count one mapping less."""
    assert folio.mapcount > 0, f"BUG: frame {folio.pfn:#x} is unmapped once too often"
    folio.mapcount -= 1
