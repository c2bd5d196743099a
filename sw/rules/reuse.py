"""Reuse of a page on a write to its read-only entry: how Linux knows that nobody else sees it.

Ref: mm/memory.c (do_wp_page), mm/huge_memory.c (do_huge_pmd_wp_page) and mm/swapfile.c
(reuse_swap_page) of Linux 4.8 to 6.12. There is no swap.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.include.linux.mm_types import page


__all__ = ["ByExclusive", "ByMapcount", "ByRefcount"]


@dataclass(frozen=True)
class ByMapcount:
    """Up to 5.8: no other entry maps it.

    Who got a reference without an entry, such as a pipe by vmsplice(), sees what is written
    afterwards (CVE-2020-29374).
    """

    def wp_can_reuse(self, folio: page) -> bool:
        """This entry is the only one."""
        return folio.mapcount == 1


@dataclass(frozen=True)
class ByRefcount:
    """5.9 to 5.18: nobody else has any reference on it.

    So a page whose owner waits for a device to fill it is copied away from under the device.
    """

    def wp_can_reuse(self, folio: page) -> bool:
        """The only reference is this entry's."""
        return folio.refcount == 1


@dataclass(frozen=True)
class ByExclusive:
    """Since 5.19: it says that it never was another process's, or nobody else has a reference."""

    def wp_can_reuse(self, folio: page) -> bool:
        """Exclusive already, or the only reference is this entry's."""
        return folio.anon_exclusive or folio.refcount == 1
