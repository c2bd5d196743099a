"""A write by force through a read-only entry: how get_user_pages knows a private copy.

Ref: mm/gup.c (can_follow_write_pte, faultin_page) and mm/huge_memory.c (can_follow_write_pmd) of
Linux 4.8, 4.14, 5.8, 5.15 and 6.12.

The fault on a forced write makes a private copy, but leaves its entry read-only. So the next look
at the entry must accept it, and must not accept an entry of a page that others see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_write
from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.include.linux.mm import VM_MAYSHARE, VM_MAYWRITE, VM_SHARED, VM_WRITE
from sw.include.linux.mm_types import (
    FOLL_COW, FOLL_FORCE, FOLL_WRITE, VM_FAULT_WRITE, page, vm_area_struct,
)


__all__ = ["DropsWrite", "NeedsExclusive", "TrustsDirty"]


def _broke_cow(vma: vm_area_struct, ret: int) -> bool:
    """Tell whether a fault that returned ``ret`` made a private copy against the mapping's will."""
    return bool(ret & VM_FAULT_WRITE) and not vma.vm_flags & VM_WRITE


@dataclass(frozen=True)
class DropsWrite:
    """Up to 4.8.2: after the copy is made, the page is looked for as if it were to be read.

    Whoever drops the copy in between has the look find the page that others see (CVE-2016-5195).
    """

    VM_FAULT_WRITE: ClassVar[int] = VM_FAULT_WRITE

    def can_follow_write_pte(self, paging: Paging, pte: int, folio: page | None,
                             vma: vm_area_struct, flags: int) -> bool:
        """Writable entries only."""
        return pte_write(pte)

    def faulted_in(self, vma: vm_area_struct, ret: int, flags: int) -> int:
        """Forget that the page is wanted for a write."""
        return flags & ~FOLL_WRITE if _broke_cow(vma, ret) else flags


@dataclass(frozen=True)
class TrustsDirty:
    """4.8.3 to 5.19: FOLL_COW notes that a copy was made, and a dirty entry is taken for it.

    So nothing else may make an entry dirty that is read-only: CVE-2017-1000405, CVE-2022-2590.

    Parameters
    ----------
    forced_only : :class:`bool`
        The copy must have been made by FOLL_FORCE. In 5.8 reading made copies too.
    """

    forced_only: bool = True
    VM_FAULT_WRITE: ClassVar[int] = VM_FAULT_WRITE

    def can_follow_write_pte(self, paging: Paging, pte: int, folio: page | None,
                             vma: vm_area_struct, flags: int) -> bool:
        """A read-only entry must be dirty, and a fault must have broken copy-on-write."""
        wanted = FOLL_COW | (FOLL_FORCE if self.forced_only else 0)
        return pte_write(pte) or flags & wanted == wanted and pte_dirty(paging, pte)

    def faulted_in(self, vma: vm_area_struct, ret: int, flags: int) -> int:
        """Note in FOLL_COW that the entry is the private copy, though it is read-only."""
        return flags | FOLL_COW if _broke_cow(vma, ret) else flags


@dataclass(frozen=True)
class NeedsExclusive:
    """Since 6.0: the page itself says that it is nobody else's; the entry is not trusted."""

    VM_FAULT_WRITE: ClassVar[int] = 0

    def can_follow_write_pte(self, paging: Paging, pte: int, folio: page | None,
                             vma: vm_area_struct, flags: int) -> bool:
        """A read-only entry must map an anonymous page that is exclusive to it."""
        if pte_write(pte):
            return True
        if not flags & FOLL_FORCE:
            return False
        if vma.vm_flags & (VM_MAYSHARE | VM_SHARED) or not vma.vm_flags & VM_MAYWRITE:
            return False
        if vma.vm_flags & VM_WRITE:  # an ordinary fault makes the entry writable
            return False
        return folio is not None and folio.anon and folio.anon_exclusive

    def faulted_in(self, vma: vm_area_struct, ret: int, flags: int) -> int:
        """Keep no memory of the fault."""
        return flags
