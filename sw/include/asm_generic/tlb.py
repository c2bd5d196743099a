"""Pages on their way out of an address space.

Ref: Linux 6.12, include/asm-generic/tlb.h.
"""

from dataclasses import dataclass, field

from sw.include.linux.mm_types import page


__all__ = ["mmu_gather"]


@dataclass(eq=False)
class mmu_gather:
    """Pages whose entries were cleared, until no processor can reach them any more.

    Attributes
    ----------
    pages : :class:`list` of :class:`page`
        One for each reference that an entry had.
    flush : :class:`bool`
        A processor may remember one of the entries.
    """

    pages: list[page] = field(default_factory=list)
    flush: bool       = False
