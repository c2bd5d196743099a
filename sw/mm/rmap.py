"""Mappings of a page, counted.

Ref: Linux 6.12, mm/rmap.c, include/linux/rmap.h.
"""

from collections.abc import Sequence

from sw.include.linux.mm_types import folio_pages, folio_test_large, page, vm_area_struct
from sw.include.linux.pagemap import linear_page_index


__all__ = [
    "folio_add_anon_rmap_ptes", "folio_add_file_rmap_pmd", "folio_add_file_rmap_pte",
    "folio_add_new_anon_rmap", "folio_dup_anon_rmap_pmd", "folio_remove_rmap_pmd",
    "folio_remove_rmap_pte",
]


def folio_add_new_anon_rmap(folio: page, vma: vm_area_struct, address: int) -> None:
    """Count the first mapping of a new private page, or huge page: nobody else has it."""
    index = linear_page_index(vma, address)
    for number, pg in enumerate(folio_pages(folio)):
        assert pg.mapcount == 0, f"BUG: new frame {pg.pfn:#x} is mapped"
        pg.anon  = True
        pg.index = index + number
    folio.anon_exclusive = True
    if folio_test_large(folio):
        folio.entire_mapcount = 1
    else:
        folio.mapcount = 1


def folio_add_file_rmap_pte(folio: page) -> None:
    """Count one more mapping of a page of a file."""
    folio.mapcount += 1


def folio_add_file_rmap_pmd(folio: page) -> None:
    """Count one more mapping of a huge page of a file."""
    folio.entire_mapcount += 1


def folio_remove_rmap_pte(folio: page) -> None:
    """Count one mapping less."""
    assert folio.mapcount > 0, f"BUG: frame {folio.pfn:#x} is unmapped once too often"
    folio.mapcount -= 1


def folio_add_anon_rmap_ptes(pages: Sequence[page], exclusive: bool) -> None:
    """Count one more mapping of each page of a huge page that is mapped by small entries now."""
    for pg in pages:
        pg.mapcount      += 1
        pg.anon_exclusive = exclusive


def folio_dup_anon_rmap_pmd(folio: page) -> None:
    """Count one more mapping of a huge page, by a child: nobody is exclusive any more."""
    folio.entire_mapcount += 1
    folio.anon_exclusive   = False


def folio_remove_rmap_pmd(folio: page) -> None:
    """Count one mapping of a huge page less."""
    assert folio.entire_mapcount > 0, f"BUG: frame {folio.pfn:#x} is unmapped once too often"
    folio.entire_mapcount -= 1
