"""A write by force to a huge page of the pool that its program may not write.

Ref: mm/gup.c (check_vma_flags, can_follow_write_common) and mm/hugetlb.c (hugetlb_wp) of Linux
4.8, 5.15, 6.12 and 6.18.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.include.linux.mm import VM_WRITE
from sw.include.linux.mm_types import vm_area_struct


__all__ = ["GivesTheRight", "KeepsReadOnly", "Refuses"]


@dataclass(frozen=True)
class GivesTheRight:
    """Up to 5.19: the fault makes the entry writable, for the program too."""

    def refuses(self) -> bool:
        """Never."""
        return False

    def maps_writable(self, vma: vm_area_struct) -> bool:
        """Always, whatever the mapping allows."""
        return True


@dataclass(frozen=True)
class Refuses:
    """6.1 to 6.13: EFAULT."""

    def refuses(self) -> bool:
        """Always."""
        return True

    def maps_writable(self, vma: vm_area_struct) -> bool:
        """No fault is for a write but where the mapping allows it."""
        return True


@dataclass(frozen=True)
class KeepsReadOnly:
    """Since 6.14: as with other private memory, the entry stays read-only."""

    def refuses(self) -> bool:
        """Never."""
        return False

    def maps_writable(self, vma: vm_area_struct) -> bool:
        """If the program may write."""
        return bool(vma.vm_flags & VM_WRITE)
