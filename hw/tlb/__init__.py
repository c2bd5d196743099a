"""Translation lookaside buffer: two levels of translations, and caches of the paging structures.

==============================  =================================================================
:mod:`hw.tlb.tlb`               the whole: searches, fills, invalidations
:mod:`hw.tlb.first`             the first level, which is looked up while an access is accepted
:mod:`hw.tlb.block`             the same in block RAM
:mod:`hw.tlb.second`            the second level and the caches of the paging structures
:mod:`hw.tlb.array`             one array of those
:mod:`hw.tlb.stamps`            what makes many rows of them invalid at once
==============================  =================================================================

Ref: Intel SDM Vol. 3A, section 4.10 "Caching Translation Information".
"""

from .tlb import Tlb


__all__ = ["Tlb"]
