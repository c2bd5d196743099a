"""Eras of Linux: named sets of rules, each independent of the others.

Ref: mm/gup.c, mm/memory.c, mm/huge_memory.c, mm/hugetlb.c, mm/mremap.c, mm/mprotect.c,
mm/mmap.c, mm/mmu_gather.c, fs/proc/base.c of Linux 4.8, 4.14, 4.18, 5.7, 5.8,
5.15, 5.18, 5.19, 6.12 and 6.18. docs/eras.md has them as a table, with what each change mended.

An era follows its neighbour in time by the rules that changed: that is how they are written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sw.kconfig import Era
from sw.rules.forced_write import DropsWrite, NeedsExclusive, TrustsDirty
from sw.rules.huge_write import CopiesHuge, SplitsHuge, SplitsShared
from sw.rules.hugetlb_force import GivesTheRight, KeepsReadOnly, Refuses
from sw.rules.kernel_mapping import ByKmap, ByKmapLocal
from sw.rules.mremap_flush import FlushesDirtyLocked, FlushesLate, FlushesLocked
from sw.rules.read_gup import BreaksCow, Shares, UnsharesPins
from sw.rules.reuse import ByAddressSpace, ByExclusive, ByMapcount, ByRefcount
from sw.rules.uffd_fill import DirtiesAlways, DirtiesWritable, NoMinorFaults


__all__ = ["ERAS", "ERA_5_X", "ERA_6_X"]


ERA_4_8 = Era(
    name                      = "4.8",
    forced_write              = DropsWrite(),
    read_gup                  = Shares(),
    reuse                     = ByMapcount(),
    huge_reuse                = ByMapcount(),
    huge_write                = CopiesHuge(),
    hugetlb_force             = GivesTheRight(),
    touch_dirties_pmd         = True,
    flushes_nested            = False,
    mremap_flush              = FlushesLate(),
    uffd_fill                 = NoMinorFaults(),
    kernel_mapping            = ByKmap(),
    mmap_aligns_huge          = False,
    mprotect_allows_exclusive = False,
    gup_expands_stack         = True,
    mem_open_needs_mm         = False,
    force_override            = False,
    saved_dirty               = False,
    write_prefaults           = True,
)

ERA_4_14 = replace(
    ERA_4_8, name="4.14",
    forced_write   = TrustsDirty(),
    flushes_nested = True,
    mremap_flush   = FlushesDirtyLocked(),
)

ERA_4_18 = replace(
    ERA_4_14, name="4.18",
    touch_dirties_pmd = False,
)

ERA_5_7 = replace(
    ERA_4_18, name="5.7",
    mremap_flush = FlushesLocked(),
)

ERA_5_8 = replace(
    ERA_5_7, name="5.8",
    forced_write = TrustsDirty(forced_only=False),
    read_gup     = BreaksCow(),
    huge_write   = SplitsHuge(),
)

ERA_5_15 = replace(
    ERA_5_8, name="5.15",
    forced_write = TrustsDirty(),
    read_gup     = Shares(),
    reuse        = ByRefcount(),
    uffd_fill    = DirtiesWritable(),
)

ERA_5_18 = replace(
    ERA_5_15, name="5.18",
    huge_reuse = ByRefcount(),
    uffd_fill  = DirtiesAlways(),
)

ERA_5_19 = replace(
    ERA_5_18, name="5.19",
    read_gup   = UnsharesPins(),
    reuse      = ByExclusive(),
    huge_reuse = ByExclusive(),
)

#: As of 6.12.
ERA_6_X = replace(
    ERA_5_19, name="6.x",
    forced_write              = NeedsExclusive(),
    hugetlb_force             = Refuses(),
    kernel_mapping            = ByKmapLocal(),
    mmap_aligns_huge          = True,
    mprotect_allows_exclusive = True,
    gup_expands_stack         = False,
    mem_open_needs_mm         = True,
    force_override            = True,
    saved_dirty               = True,
)

ERA_6_18 = replace(
    ERA_6_X, name="6.18",
    huge_write      = SplitsShared(),
    hugetlb_force   = KeepsReadOnly(),
    reuse           = ByAddressSpace(),
    write_prefaults = False,
)

#: The article's.
ERA_5_X = ERA_5_15

#: Eras by the names that users have for them, from the oldest on; "5.x" is another name of 5.15.
ERAS: Mapping[str, Era] = MappingProxyType({
    **{era.name: era for era in (
        ERA_4_8, ERA_4_14, ERA_4_18, ERA_5_7, ERA_5_8, ERA_5_15, ERA_5_18, ERA_5_19, ERA_6_X,
        ERA_6_18)},
    "5.x": ERA_5_X,
})
