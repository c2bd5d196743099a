"""Rules of the kernels of two eras.

Ref: Linux 5.10 and 6.12, mm/gup.c, mm/memory.c, mm/mprotect.c, fs/proc/base.c.

In 2016 a race (CVE-2016-5195) made Linux note in FOLL_COW that a forced write had broken
copy-on-write, and trust the dirty bit of the entry that it then found. Since 6.0 the page itself
says that it is nobody else's (PageAnonExclusive), and the entry is not trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_protnone, pte_write
from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.include.linux.mm import VM_MAYSHARE, VM_MAYWRITE, VM_SHARED, VM_WRITE
from sw.include.linux.mm_types import FOLL_COW, FOLL_FORCE, VM_FAULT_WRITE, page, vm_area_struct
from sw.kconfig import Era
from sw.mm.highmem import kmap, kmap_local_page, kunmap, kunmap_local
from sw.processor.cpu import Cpu


__all__ = ["ERA_5_X", "ERA_6_X"]


@dataclass(frozen=True)
class _Era5:
    name:                 str  = "4.9-5.19"
    saved_dirty:          bool = False
    mem_open_needs_mm:    bool = False
    gup_expands_stack:    bool = True
    access_expands_stack: bool = False
    VM_FAULT_WRITE:       int  = VM_FAULT_WRITE

    def can_follow_write_pte(self, paging: Paging, pte: int, folio: page | None,
                             vma: vm_area_struct, flags: int) -> bool:
        """A read-only entry must be dirty, and a fault must have broken copy-on-write."""
        forced = flags & FOLL_FORCE and flags & FOLL_COW and pte_dirty(paging, pte)
        return pte_write(pte) or bool(forced)

    def faulted_in(self, vma: vm_area_struct, ret: int, flags: int) -> int:
        """Note in FOLL_COW that the entry is the private copy, though it is read-only."""
        broken = ret & VM_FAULT_WRITE and not vma.vm_flags & VM_WRITE
        return flags | FOLL_COW if broken else flags

    def wp_can_reuse(self, folio: page) -> bool:
        """The only reference is this entry's (5.9 and later)."""
        return folio.refcount == 1

    def can_change_private_pte_writable(self, pte: int, folio: page | None) -> bool:
        """Never: the next write faults."""
        return False

    def proc_mem_force(self, override: str) -> str:
        """Everybody: there is no such boot parameter."""
        return "always"

    async def map_page(self, cpu: Cpu, folio: page) -> int:
        """Take a slot that all processors see."""
        return await kmap(cpu, folio)

    async def unmap_page(self, cpu: Cpu, folio: page, address: int) -> None:
        """Give the slot back; its entry stays until the slots run out."""
        await kunmap(cpu, folio)


@dataclass(frozen=True)
class _Era6:
    name:                 str  = "6.x"
    saved_dirty:          bool = True
    mem_open_needs_mm:    bool = True
    gup_expands_stack:    bool = False
    access_expands_stack: bool = True
    VM_FAULT_WRITE:       int  = 0

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

    def wp_can_reuse(self, folio: page) -> bool:
        """Exclusive already, or the only reference is this entry's."""
        return folio.anon_exclusive or folio.refcount == 1

    def can_change_private_pte_writable(self, pte: int, folio: page | None) -> bool:
        """An exclusive page needs no fault."""
        return not pte_protnone(pte) and folio is not None and folio.anon and folio.anon_exclusive

    def proc_mem_force(self, override: str) -> str:
        """Whoever the boot parameter names."""
        return override

    async def map_page(self, cpu: Cpu, folio: page) -> int:
        """Take a slot of this processor."""
        return await kmap_local_page(cpu, folio)

    async def unmap_page(self, cpu: Cpu, folio: page, address: int) -> None:
        """Clear the slot."""
        await kunmap_local(cpu, address)


#: 4.9 to 5.19, with the reuse rule of 5.9.
ERA_5_X: Era = _Era5()

#: 6.x, as of 6.12.
ERA_6_X: Era = _Era6()
