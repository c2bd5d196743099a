"""Changes of an entry that must be followed by a flush.

Ref: Linux 6.12, arch/x86/include/asm/tlbflush.h (pte_needs_flush).
"""

from .pgtable import pte_pfn
from .pgtable_types import (
    _PAGE_DIRTY, _PAGE_GLOBAL, _PAGE_NX, _PAGE_PAT, _PAGE_PCD, _PAGE_PRESENT, _PAGE_PWT, _PAGE_RW,
    _PAGE_USER, Paging,
)


__all__ = ["pte_needs_flush"]


#: A processor that goes on with the old bit would do what the new one forbids, or lose a D.
_FLUSH_ON_CLEAR  = _PAGE_DIRTY | _PAGE_PRESENT
_FLUSH_ON_CHANGE = (_PAGE_RW | _PAGE_USER | _PAGE_PWT | _PAGE_PCD | _PAGE_PAT | _PAGE_GLOBAL
                    | _PAGE_NX)


def pte_needs_flush(paging: Paging, oldpte: int, newpte: int) -> bool:
    """Tell whether a processor that keeps the translation of ``oldpte`` could do harm."""
    if not oldpte & _PAGE_PRESENT:
        return False
    if pte_pfn(paging, oldpte) != pte_pfn(paging, newpte):
        return True
    return bool(oldpte & ~newpte & _FLUSH_ON_CLEAR or (oldpte ^ newpte) & _FLUSH_ON_CHANGE)
