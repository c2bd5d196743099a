"""Mappings of a page, counted.

Ref: Linux 6.12, mm/rmap.c, include/linux/rmap.h; and of 6.15 what is known of a compound page's
address spaces.
"""

from collections.abc import Sequence

from sw.include.linux.mm_types import (
    folio_pages, folio_test_large, page, page_folio, vm_area_struct,
)
from sw.include.linux.pagemap import linear_page_index


__all__ = [
    "folio_add_anon_rmap_ptes", "folio_add_file_rmap_pmd", "folio_add_file_rmap_pte",
    "folio_add_new_anon_rmap", "folio_dup_anon_rmap_pmd", "folio_dup_anon_rmap_pte",
    "folio_remove_rmap_pmd", "folio_remove_rmap_pte",
]


#: Address spaces of which a compound page knows by how many entries they map it.
MM_IDS = 2


def folio_add_large_mapcount(folio: page, diff: int, vma: vm_area_struct) -> None:
    """Count ``diff`` entries more of a private compound page, by the address space of ``vma``.

    Others than the first two are counted with all. Once there is another one, it may be shared.
    """
    folio.large_mapcount += diff
    if vma.vm_mm in folio.mm_ids:
        folio.mm_ids[vma.vm_mm] += diff
    elif len(folio.mm_ids) < MM_IDS:
        folio.mm_ids[vma.vm_mm]    = diff
        folio.maybe_mapped_shared |= diff != folio.large_mapcount


def folio_sub_large_mapcount(folio: page, diff: int, vma: vm_area_struct) -> None:
    """Count ``diff`` entries less. It is not shared if one known address space has all others."""
    folio.large_mapcount -= diff
    if vma.vm_mm in folio.mm_ids:
        folio.mm_ids[vma.vm_mm] -= diff
        if not folio.mm_ids[vma.vm_mm]:
            del folio.mm_ids[vma.vm_mm]
    if not folio.large_mapcount or folio.large_mapcount in folio.mm_ids.values():
        folio.maybe_mapped_shared = False


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
        folio_add_large_mapcount(folio, 1, vma)
    else:
        folio.mapcount = 1


def folio_add_file_rmap_pte(folio: page) -> None:
    """Count one more mapping of a page of a file."""
    folio.mapcount += 1


def folio_add_file_rmap_pmd(folio: page) -> None:
    """Count one more mapping of a huge page of a file."""
    folio.entire_mapcount += 1


def folio_remove_rmap_pte(pg: page, vma: vm_area_struct) -> None:
    """Count one mapping less, that of ``vma``."""
    assert pg.mapcount > 0, f"BUG: frame {pg.pfn:#x} is unmapped once too often"
    pg.mapcount -= 1
    if pg.anon and folio_test_large(pg):
        folio_sub_large_mapcount(page_folio(pg), 1, vma)


def folio_add_anon_rmap_ptes(pages: Sequence[page], vma: vm_area_struct, exclusive: bool) -> None:
    """Count one more mapping of each page of a huge page that is mapped by small entries now."""
    for pg in pages:
        pg.mapcount      += 1
        pg.anon_exclusive = exclusive
    folio_add_large_mapcount(page_folio(pages[0]), len(pages), vma)


def folio_dup_anon_rmap_pte(pg: page, dst_vma: vm_area_struct) -> None:
    """Count one more mapping of a private page, by a child: nobody is exclusive any more."""
    pg.mapcount      += 1
    pg.anon_exclusive = False
    if folio_test_large(pg):
        folio_add_large_mapcount(page_folio(pg), 1, dst_vma)


def folio_dup_anon_rmap_pmd(folio: page, dst_vma: vm_area_struct) -> None:
    """Count one more mapping of a huge page, by a child: nobody is exclusive any more."""
    folio.entire_mapcount += 1
    folio.anon_exclusive   = False
    folio_add_large_mapcount(folio, 1, dst_vma)


def folio_remove_rmap_pmd(folio: page, vma: vm_area_struct) -> None:
    """Count one mapping of a huge page less, that of ``vma``."""
    assert folio.entire_mapcount > 0, f"BUG: frame {folio.pfn:#x} is unmapped once too often"
    folio.entire_mapcount -= 1
    if folio.anon:
        folio_sub_large_mapcount(folio, 1, vma)
