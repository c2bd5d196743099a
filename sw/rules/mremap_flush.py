"""The flush of entries that mremap() moves: under the lock of the page tables, or later.

Ref: mm/mremap.c (move_ptes, move_page_tables) and mm/huge_memory.c (move_huge_pmd) of Linux 4.8,
4.14 and 6.12.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_present
from sw.arch.x86.include.asm.pgtable_types import Paging


__all__ = ["FlushesDirtyLocked", "FlushesLate", "FlushesLocked"]


@dataclass(frozen=True)
class FlushesLate:
    """Up to 4.8: once for all, after the last table is moved and its lock given up.

    Until then the pages can be found at the new address, and freed, while a processor still
    reaches them by the old one (CVE-2018-18281).
    """

    def flush_locked(self, paging: Paging, pte: int) -> bool:
        """No entry is worth it."""
        return False


@dataclass(frozen=True)
class FlushesDirtyLocked:
    """4.9 to 4.18: at once if a moved entry is dirty, lest a write to its page gets lost."""

    def flush_locked(self, paging: Paging, pte: int) -> bool:
        """Dirty entries."""
        return pte_present(pte) and pte_dirty(paging, pte)


@dataclass(frozen=True)
class FlushesLocked:
    """Since 4.19: before the lock is given up, whatever was moved."""

    def flush_locked(self, paging: Paging, pte: int) -> bool:
        """Every entry that a processor may hold."""
        return pte_present(pte)
