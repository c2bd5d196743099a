"""Pages on their way out of an address space.

Ref: Linux 6.12, include/asm-generic/tlb.h.
"""

from dataclasses import dataclass, field

from sw.include.linux.mm_types import page


__all__ = ["mmu_gather"]


@dataclass(eq=False)
class mmu_gather:
    """Pages whose entries were changed, until no processor can reach them as before.

    Attributes
    ----------
    pages : :class:`list` of :class:`page`
        One for each reference that an entry had, and has no more.
    flush : :class:`bool`
        A processor may remember one of the entries.
    cleared_ptes : :class:`bool`
        One of them was in a page table: else all are huge pages'.
    """

    pages:        list[page] = field(default_factory=list)
    flush:        bool       = False
    cleared_ptes: bool       = False
