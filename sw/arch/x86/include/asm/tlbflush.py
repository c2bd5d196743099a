"""State of the TLB code for each processor, flushes, and changes of an entry that need one.

Ref: Linux 6.12, arch/x86/include/asm/tlbflush.h, arch/x86/mm/tlb.c (TLB_NR_DYN_ASIDS).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sw.include.linux.mm_types import mm_struct

from .page_types import PAGE_SHIFT
from .pgtable import pte_pfn
from .pgtable_types import (
    _PAGE_DIRTY, _PAGE_GLOBAL, _PAGE_NX, _PAGE_PAT, _PAGE_PCD, _PAGE_PRESENT, _PAGE_PWT, _PAGE_RW,
    _PAGE_USER, Paging,
)


__all__ = [
    "TLB_FLUSH_ALL", "TLB_NR_DYN_ASIDS", "flush_tlb_info", "pte_needs_flush", "tlb_context",
    "tlb_state", "tlb_state_shared",
]


#: ``end`` of a flush of everything.
TLB_FLUSH_ALL = -1

#: Address spaces of which a processor keeps translations, where it has PCIDs.
TLB_NR_DYN_ASIDS = 6

#: A processor that goes on with the old bit would do what the new one forbids, or lose a D.
_FLUSH_ON_CLEAR  = _PAGE_DIRTY | _PAGE_PRESENT
_FLUSH_ON_CHANGE = (_PAGE_RW | _PAGE_USER | _PAGE_PWT | _PAGE_PCD | _PAGE_PAT | _PAGE_GLOBAL
                    | _PAGE_NX)


@dataclass(eq=False, slots=True)
class tlb_context:
    """Translations that a processor holds under one ASID.

    Attributes
    ----------
    ctx_id : :class:`int`
        Number of the address space; 0: none.
    tlb_gen : :class:`int`
        Flushes of that address space which this processor has done.
    """

    ctx_id:  int = 0
    tlb_gen: int = 0


@dataclass(eq=False, slots=True)
class tlb_state:
    """Translations of a processor, as far as only that processor must know.

    Attributes
    ----------
    loaded_mm : :class:`mm_struct` or :class:`None`
        The address space in CR3; none before paging is on, and while it changes.
    loaded_mm_asid : :class:`int`
        Its ASID.
    next_asid : :class:`int`
        The ASID to take for the next address space that has none.
    cr4 : :class:`int`
        CR4 as last written.
    ctxs : :class:`list` of :class:`tlb_context`
        What each ASID stands for.
    """

    loaded_mm:      mm_struct | None = None
    loaded_mm_asid: int              = 0
    next_asid:      int              = 1
    cr4:            int              = 0
    ctxs: list[tlb_context] = field(
        default_factory=lambda: [tlb_context() for _ in range(TLB_NR_DYN_ASIDS)])


@dataclass(eq=False, slots=True)
class tlb_state_shared:
    """Translations of a processor, as far as other processors look at them.

    Attributes
    ----------
    is_lazy : :class:`bool`
        The current task has borrowed the address space, and uses only the kernel's half of it.
    """

    is_lazy: bool = False


@dataclass(frozen=True)
class flush_tlb_info:
    """Flush of a range, for all processors that may hold translations of it.

    Attributes
    ----------
    start, end : :class:`int`
        Linear addresses; ``end`` is TLB_FLUSH_ALL for all.
    new_tlb_gen : :class:`int`
        Generation of the address space that the flush reaches.
    freed_tables : :class:`bool`
        Page tables are about to be freed, which processors may hold in other caches than the TLB.
    stride_shift : :class:`int`
        Size of the smallest page in it, as a power of two.
    """

    mm:           mm_struct
    start:        int
    end:          int
    new_tlb_gen:  int
    freed_tables: bool
    stride_shift: int = PAGE_SHIFT


def pte_needs_flush(paging: Paging, oldpte: int, newpte: int) -> bool:
    """Tell whether a processor that keeps the translation of ``oldpte`` could do harm."""
    if not oldpte & _PAGE_PRESENT:
        return False
    if pte_pfn(paging, oldpte) != pte_pfn(paging, newpte):
        return True
    return bool(oldpte & ~newpte & _FLUSH_ON_CLEAR or (oldpte ^ newpte) & _FLUSH_ON_CHANGE)
