"""Page-table entries: as values, and in their tables.

Ref: Linux 6.12, arch/x86/include/asm/pgtable.h, pgtable_64.h, pgtable-2level.h,
pgtable-3level.h, pgtable-invert.h; include/linux/pgtable.h.

Where the C code depends on how the kernel was configured, the function has that configuration as
its first argument, ``paging``. An entry of a page directory that maps a huge page has the bits of
one that maps a page, so the ``pte_`` functions serve for both; but for PSE, that is, where a page
has PAT.
"""

from __future__ import annotations

from sw.include.linux.mm_types import mm_struct, page, vm_area_struct
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu

from .page import pfn_to_page
from .page_types import PAGE_SHIFT
from .pgtable_types import (
    _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_NX, _PAGE_PAT, _PAGE_PCD, _PAGE_PRESENT, _PAGE_PROTNONE,
    _PAGE_PSE, _PAGE_PWT, _PAGE_RW, _PAGE_SPECIAL, _PAGE_TABLE, PTE_PFN_MASK, Paging,
    massage_pgprot,
)


__all__ = [
    "mk_huge_pmd", "mk_pte", "pfn_pte", "pmd_clear", "pmd_leaf", "pmd_mkinvalid", "pmd_present",
    "pmd_populate", "pmdp_invalidate_ad", "pte_clear", "pte_dirty",
    "pte_exec", "pte_mkclean", "pte_mkdirty", "pte_mkold", "pte_mkspecial", "pte_mkwrite",
    "pte_mkyoung", "pte_modify", "pte_none", "pte_page", "pte_pfn", "pte_present",
    "pte_protnone", "pte_special", "pte_write", "pte_wrprotect", "pte_young", "ptep_get",
    "ptep_get_and_clear", "ptep_set_access_flags", "ptep_set_wrprotect", "set_pte", "set_pte_at",
]


# Entries as values: what they say

def pte_none(pte: int) -> bool:
    """Tell whether it is empty. The processor may have set A or D after it was cleared."""
    return not pte & ~(_PAGE_ACCESSED | _PAGE_DIRTY)


def pte_present(pte: int) -> bool:
    """Tell whether it maps a frame. A PROTNONE entry does, though not for the processor."""
    return bool(pte & (_PAGE_PRESENT | _PAGE_PROTNONE))


def pte_protnone(pte: int) -> bool:
    """Tell whether it maps a frame that nobody may use."""
    return pte & (_PAGE_PRESENT | _PAGE_PROTNONE) == _PAGE_PROTNONE


def pte_write(pte: int) -> bool:
    """Tell whether it may be written through."""
    return bool(pte & _PAGE_RW)


def pte_exec(pte: int) -> bool:
    """Tell whether it may be executed through."""
    return not pte & _PAGE_NX


def pte_young(pte: int) -> bool:
    """Tell whether it was used."""
    return bool(pte & _PAGE_ACCESSED)


def pte_dirty(paging: Paging, pte: int) -> bool:
    """Tell whether it was written through."""
    return bool(pte & (_PAGE_DIRTY | paging.SAVED_DIRTY))


def pte_special(pte: int) -> bool:
    """Tell whether no reference is counted on the frame, such as the zero page's."""
    return bool(pte & _PAGE_SPECIAL)


def _protnone_mask(paging: Paging, value: int) -> int:
    inverted = paging.invert_protnone and value and not value & _PAGE_PRESENT
    return PTE_PFN_MASK if inverted else 0


def pte_pfn(paging: Paging, pte: int) -> int:
    """Frame number."""
    return ((pte ^ _protnone_mask(paging, pte)) & PTE_PFN_MASK) >> PAGE_SHIFT


def pte_page(cpu: Cpu, pte: int) -> page:
    """Record of the frame."""
    return pfn_to_page(cpu, pte_pfn(kconfig(cpu).paging, pte))


def pmd_present(pmd: int) -> bool:
    """Tell whether a directory entry names a table, or a large page that the processor sees."""
    return bool(pmd & _PAGE_PRESENT)


def pmd_leaf(pmd: int) -> bool:
    """Tell whether a directory entry maps a large page; one that nobody may use, too."""
    return bool(pmd & _PAGE_PSE)


# Entries as values: how they are made

def pfn_pte(paging: Paging, pfn: int, prot: int) -> int:
    """Make an entry that maps frame ``pfn``."""
    frame = (pfn << PAGE_SHIFT) ^ _protnone_mask(paging, prot)
    return frame & PTE_PFN_MASK | massage_pgprot(paging, prot)


def mk_pte(paging: Paging, pg: page, prot: int) -> int:
    """Make an entry that maps ``pg``."""
    return pfn_pte(paging, pg.pfn, prot)


def mk_huge_pmd(paging: Paging, pg: page, prot: int) -> int:
    """Make a directory entry that maps the huge page that begins with ``pg``."""
    return mk_pte(paging, pg, prot) | _PAGE_PSE


def pmd_mkinvalid(paging: Paging, pmd: int) -> int:
    """Have a directory entry map nothing for now; it is not empty either."""
    flags = pmd & ~(PTE_PFN_MASK | _PAGE_PRESENT | _PAGE_PROTNONE)
    return pfn_pte(paging, pte_pfn(paging, pmd), flags)


def _save_dirty(paging: Paging, pte: int) -> int:
    """Move D of a read-only entry to the software bit."""
    if paging.SAVED_DIRTY and pte & _PAGE_DIRTY and not pte & _PAGE_RW:
        return pte & ~_PAGE_DIRTY | paging.SAVED_DIRTY
    return pte


def _restore_dirty(paging: Paging, pte: int) -> int:
    """Move the software bit of a writable entry to D."""
    if pte & paging.SAVED_DIRTY and pte & _PAGE_RW:
        return pte & ~paging.SAVED_DIRTY | _PAGE_DIRTY
    return pte


def pte_mkdirty(paging: Paging, pte: int) -> int:
    """Note that it was written through."""
    return _save_dirty(paging, pte | _PAGE_DIRTY)


def pte_mkclean(paging: Paging, pte: int) -> int:
    """Forget that it was written through."""
    return pte & ~(_PAGE_DIRTY | paging.SAVED_DIRTY)


def pte_mkyoung(pte: int) -> int:
    """Note that it was used."""
    return pte | _PAGE_ACCESSED


def pte_mkold(pte: int) -> int:
    """Forget that it was used."""
    return pte & ~_PAGE_ACCESSED


def pte_mkspecial(pte: int) -> int:
    """Count no reference on the frame."""
    return pte | _PAGE_SPECIAL


def pte_mkwrite(paging: Paging, pte: int, vma: vm_area_struct) -> int:
    """Allow writes through it."""
    return _restore_dirty(paging, pte | _PAGE_RW)


def pte_wrprotect(paging: Paging, pte: int) -> int:
    """Forbid writes through it."""
    return _save_dirty(paging, pte & ~_PAGE_RW)


def pte_modify(paging: Paging, pte: int, newprot: int) -> int:
    """Give it the permissions ``newprot``; keep frame, A, D and the cache and software bits."""
    keep = (_PAGE_PCD | _PAGE_PWT | _PAGE_PAT | _PAGE_SPECIAL | _PAGE_ACCESSED | _PAGE_DIRTY
            | paging.SAVED_DIRTY)
    new  = pte & keep | massage_pgprot(paging, newprot) & ~(keep | PTE_PFN_MASK)
    new |= (pte_pfn(paging, pte) << PAGE_SHIFT) ^ _protnone_mask(paging, new)
    # Only what R/W was moves: a saved dirty bit stays saved until pte_mkwrite.
    return _save_dirty(paging, new) if pte & _PAGE_RW else _restore_dirty(paging, new)


# Entries in their tables

async def ptep_get(cpu: Cpu, ptep: int) -> int:
    """Read an entry, of any level."""
    return await cpu.load(ptep, kconfig(cpu).paging.entry_size)


async def set_pte(cpu: Cpu, ptep: int, pte: int) -> None:
    """Write an entry, of any level.

    A 32-bit kernel stores one of 8 bytes in two halves, first the one without P: the entry is not
    present, or maps the same frame, until both are there.
    """
    paging = kconfig(cpu).paging
    if paging.X86_PAE:
        await cpu.store(ptep + 4, 4, pte >> 32)
        await cpu.store(ptep, 4, pte & 0xFFFF_FFFF)
    else:
        await cpu.store(ptep, paging.entry_size, pte)


async def set_pte_at(cpu: Cpu, mm: mm_struct, addr: int, ptep: int, pte: int) -> None:
    """Write the entry for ``addr`` of ``mm``."""
    await set_pte(cpu, ptep, pte)


async def pte_clear(cpu: Cpu, mm: mm_struct, addr: int, ptep: int) -> None:
    """Clear the entry for ``addr`` of ``mm``."""
    await _clear(cpu, ptep)


async def pmd_populate(cpu: Cpu, mm: mm_struct, pmdp: int, pte: page) -> None:
    """Have a directory entry name the page table ``pte``."""
    await set_pte(cpu, pmdp, pte.pfn << PAGE_SHIFT | _PAGE_TABLE)


async def pmdp_invalidate_ad(cpu: Cpu, pmdp: int) -> int:
    """Have the entry of a huge page map nothing for now. Returns it, with A and D as they are last.

    The caller has the lock of the page tables, so that only A and D may change meanwhile.
    """
    paging = kconfig(cpu).paging
    return await cpu.exchange(pmdp, paging.entry_size,
                              pmd_mkinvalid(paging, await ptep_get(cpu, pmdp)))


async def pmd_clear(cpu: Cpu, pmdp: int) -> None:
    """Clear an entry that names a table."""
    await _clear(cpu, pmdp)


async def _clear(cpu: Cpu, entryp: int) -> None:
    """Clear an entry, of any level; of two halves first the one with P."""
    paging = kconfig(cpu).paging
    if paging.X86_PAE:
        await cpu.store(entryp, 4, 0)
        await cpu.store(entryp + 4, 4, 0)
    else:
        await cpu.store(entryp, paging.entry_size, 0)


async def ptep_get_and_clear(cpu: Cpu, mm: mm_struct, addr: int, ptep: int) -> int:
    """Clear an entry and return it, with the A and D bits that it had at that moment."""
    return await cpu.exchange(ptep, kconfig(cpu).paging.entry_size, 0)


async def ptep_set_wrprotect(cpu: Cpu, mm: mm_struct, addr: int, ptep: int) -> None:
    """Forbid writes through an entry, without losing an A or D bit that is set meanwhile."""
    paging = kconfig(cpu).paging
    old    = await ptep_get(cpu, ptep)
    while True:
        new  = pte_wrprotect(paging, old)
        seen = await cpu.compare_exchange(ptep, paging.entry_size, old, new)
        if seen == old:
            return
        old = seen


async def ptep_set_access_flags(
    cpu: Cpu, vma: vm_area_struct, address: int, ptep: int, entry: int, dirty: bool,
) -> bool:
    """Write ``entry``, which allows more than what is there, if it is for a write (``dirty``).

    Returns True if it differs. No flush: a processor that holds the old translation takes one
    fault that finds nothing to do. For a read the processor has set A by itself.
    """
    changed = await ptep_get(cpu, ptep) != entry
    if changed and dirty:
        await set_pte(cpu, ptep, entry)
    return changed
