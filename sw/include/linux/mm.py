"""Flags of mappings, and the questions that they decide.

Ref: Linux 6.12, include/linux/mm.h.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SIZE
from sw.kernel.locking.spinlock import spinlock_t

from .mm_types import mm_struct, vm_area_struct


__all__ = [
    "VM_ACCESS_FLAGS", "VM_ACCOUNT", "VM_DONTCOPY", "VM_DONTDUMP", "VM_DONTEXPAND", "VM_EXEC",
    "VM_GROWSDOWN", "VM_HUGEPAGE", "VM_HUGETLB", "VM_IO", "VM_LOCKED", "VM_LOCKED_MASK",
    "VM_LOCKONFAULT", "VM_MAYEXEC", "VM_MAYREAD", "VM_MAYSHARE", "VM_MAYWRITE", "VM_MIXEDMAP",
    "VM_NOHUGEPAGE", "VM_NONE", "VM_NORESERVE", "VM_PFNMAP", "VM_RAND_READ", "VM_READ", "VM_SEALED",
    "VM_SEQ_READ", "VM_SHARED", "VM_SPECIAL", "VM_UFFD_MINOR", "VM_WIPEONFORK", "VM_WRITE",
    "is_cow_mapping", "PAGE_ALIGN", "pte_lockptr", "vm_start_gap", "vma_is_accessible",
    "vma_is_anonymous",
]


VM_NONE       = 0x0000_0000
VM_READ       = 0x0000_0001
VM_WRITE      = 0x0000_0002
VM_EXEC       = 0x0000_0004
VM_SHARED     = 0x0000_0008
VM_MAYREAD    = 0x0000_0010
VM_MAYWRITE   = 0x0000_0020
VM_MAYEXEC    = 0x0000_0040
VM_MAYSHARE   = 0x0000_0080
VM_GROWSDOWN  = 0x0000_0100
VM_PFNMAP     = 0x0000_0400
VM_LOCKED     = 0x0000_2000
VM_IO         = 0x0000_4000
VM_SEQ_READ   = 0x0000_8000
VM_RAND_READ  = 0x0001_0000
VM_DONTCOPY   = 0x0002_0000
VM_DONTEXPAND = 0x0004_0000
VM_LOCKONFAULT = 0x0008_0000
VM_ACCOUNT    = 0x0010_0000
VM_NORESERVE  = 0x0020_0000
VM_HUGETLB    = 0x0040_0000
VM_WIPEONFORK = 0x0200_0000
VM_DONTDUMP   = 0x0400_0000
VM_MIXEDMAP   = 0x1000_0000
VM_HUGEPAGE   = 0x2000_0000
VM_NOHUGEPAGE = 0x4000_0000
VM_UFFD_MINOR = 1 << 38
VM_SEALED     = 1 << 63

VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC
VM_LOCKED_MASK  = VM_LOCKED | VM_LOCKONFAULT
VM_SPECIAL      = VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP


def is_cow_mapping(flags: int) -> bool:
    """Tell whether it is private, and may become writable."""
    return flags & (VM_SHARED | VM_MAYWRITE) == VM_MAYWRITE


def vma_is_anonymous(vma: vm_area_struct) -> bool:
    """Tell whether it has no file. Shared anonymous memory is a file without a name."""
    return vma.vm_ops is None


def vma_is_accessible(vma: vm_area_struct) -> bool:
    """Tell whether it allows anything."""
    return bool(vma.vm_flags & VM_ACCESS_FLAGS)


def vm_start_gap(vma: vm_area_struct, stack_guard_gap: int) -> int:
    """Return the lowest address that belongs to it, with the guard gap of a stack, in bytes."""
    if vma.vm_flags & VM_GROWSDOWN:
        return max(vma.vm_start - stack_guard_gap, 0)
    return vma.vm_start


def PAGE_ALIGN(length: int) -> int:
    """Round up to whole pages."""
    return (length + PAGE_SIZE - 1) & PAGE_MASK


def pte_lockptr(mm: mm_struct) -> spinlock_t:
    """Return the lock of the entries of the page tables: one for all tables of ``mm``."""
    return mm.page_table_lock
