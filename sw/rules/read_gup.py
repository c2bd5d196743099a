"""References that get_user_pages gives to readers of pages that a write would copy.

Ref: mm/gup.c (should_force_cow_break of Linux 5.8, gup_must_unshare since 5.19).

The holder of such a reference goes on reading the page after its process has unmapped it, and the
other process, alone with the page then, may write to it as to its own (CVE-2020-29374).
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.include.linux.mm import is_cow_mapping
from sw.include.linux.mm_types import FOLL_GET, FOLL_PIN, FOLL_WRITE, page, vm_area_struct


__all__ = ["BreaksCow", "Shares", "UnsharesPins"]


@dataclass(frozen=True)
class Shares:
    """Up to 5.7, and from 5.9 to 5.18: a reader gets what is mapped."""

    def gup_flags(self, vma: vm_area_struct, flags: int) -> int:
        """As the caller wants it."""
        return flags

    def fast_flags(self, flags: int) -> int:
        """As the caller wants it."""
        return flags

    def must_unshare(self, folio: page, flags: int) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class BreaksCow:
    """5.8 only: a reader is treated like a writer, and so gets a page of the process's own."""

    def gup_flags(self, vma: vm_area_struct, flags: int) -> int:
        """For a write, if the mapping is private and the page will be referred to."""
        wanted = is_cow_mapping(vma.vm_flags) and flags & (FOLL_GET | FOLL_PIN)
        return flags | FOLL_WRITE if wanted else flags

    def fast_flags(self, flags: int) -> int:
        """For a write: without a lock nobody knows of which kind the mapping is."""
        return flags | FOLL_WRITE

    def must_unshare(self, folio: page, flags: int) -> bool:
        """Never: it is the process's own by now."""
        return False


@dataclass(frozen=True)
class UnsharesPins:
    """Since 5.19: a page that is pinned for reading is made the process's own, read-only.

    References that are no pins are given as they are: whoever writes then copies, as a page with
    another reference is not reused.
    """

    def gup_flags(self, vma: vm_area_struct, flags: int) -> int:
        """As the caller wants it."""
        return flags

    def fast_flags(self, flags: int) -> int:
        """As the caller wants it."""
        return flags

    def must_unshare(self, folio: page, flags: int) -> bool:
        """Tell whether a read-only entry's page is to be pinned, and may be another's too."""
        pinned = flags & (FOLL_PIN | FOLL_WRITE) == FOLL_PIN
        return pinned and folio.anon and not folio.anon_exclusive
