"""Reuse of a page on a write to its read-only entry: how Linux knows that nobody else sees it.

Ref: mm/memory.c (do_wp_page), mm/huge_memory.c (do_huge_pmd_wp_page) and mm/swapfile.c
(reuse_swap_page) of Linux 4.8 to 6.18. There is no swap.

A compound page may be mapped by small entries. Its references are counted for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.include.linux.mm_types import folio_pages, folio_test_large, page, page_folio


__all__ = ["ByAddressSpace", "ByExclusive", "ByMapcount", "ByRefcount"]


@dataclass(frozen=True)
class ByMapcount:
    """Up to 5.8: no other entry maps it.

    Who got a reference without an entry, such as a pipe by vmsplice(), sees what is written
    afterwards (CVE-2020-29374).
    """

    def wp_can_reuse(self, pg: page) -> bool:
        """This entry is the only one; of a compound page, for each of its frames."""
        folio = page_folio(pg)
        most  = max(part.mapcount for part in folio_pages(folio))
        return most + folio.entire_mapcount == 1

    def wp_can_reuse_huge(self, folio: page) -> bool:
        """The same."""
        return self.wp_can_reuse(folio)


@dataclass(frozen=True)
class ByRefcount:
    """5.9 to 5.18: nobody else has any reference on it.

    So a page whose owner waits for a device to fill it is copied away from under the device.
    """

    def wp_can_reuse(self, pg: page) -> bool:
        """The only reference is this entry's."""
        return page_folio(pg).refcount == 1

    def wp_can_reuse_huge(self, folio: page) -> bool:
        """The same."""
        return folio.refcount == 1


@dataclass(frozen=True)
class ByExclusive:
    """Since 5.19: it says that it never was another process's, or nobody else has a reference."""

    def wp_can_reuse(self, pg: page) -> bool:
        """Exclusive already; or the only reference is this entry's, unless it is compound."""
        return pg.anon_exclusive or not folio_test_large(pg) and pg.refcount == 1

    def wp_can_reuse_huge(self, folio: page) -> bool:
        """Exclusive already, or the only reference is this entry's."""
        return folio.anon_exclusive or folio.refcount == 1


@dataclass(frozen=True)
class ByAddressSpace(ByExclusive):
    """Since 6.15: a part of a compound page may be reused as well, if one address space has it all.

    All references must be entries of that. It takes no part of a page that it maps no other part
    of: with the copy all of the compound page is free. Of address spaces a page knows two; who came
    third is never known to be the last.
    """

    def wp_can_reuse(self, pg: page) -> bool:
        """Exclusive already; or all references are entries of this address space."""
        folio = page_folio(pg)
        if pg.anon_exclusive or not folio_test_large(pg):
            return super().wp_can_reuse(pg)
        return (folio.large_mapcount > 1 and not folio.maybe_mapped_shared
                and folio.refcount == folio.large_mapcount)
