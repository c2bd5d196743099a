"""Huge pages that are put by at boot, and what is promised of them.

Ref: Linux 6.12, include/linux/hugetlb.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sw.processor.cpu import Cpu
from sw.variables import DEFINE

from .mm import VM_HUGETLB
from .mm_types import page, vm_area_struct


__all__ = [
    "HPAGE_RESV_UNMAPPED", "default_hstate", "folio_test_hugetlb", "hstate", "is_vm_hugetlb_page",
    "resv_map",
]


#: ``vm_private_data`` of a private mapping that has lost a page to the one that it was copied from.
HPAGE_RESV_UNMAPPED = "HPAGE_RESV_UNMAPPED"


@dataclass(eq=False)
class hstate:
    """The pool of huge pages.

    Attributes
    ----------
    pfns : :class:`set` of :class:`int`
        First frames of its pages.
    hugepage_freelist : :class:`list` of :class:`page`
        Those that nobody uses. The pool holds the reference on each.
    resv_huge_pages : :class:`int`
        How many of these are promised to mappings.
    """

    pfns:              set[int]   = field(default_factory=set)
    hugepage_freelist: list[page] = field(default_factory=list)
    resv_huge_pages:   int        = 0


@dataclass(eq=False)
class resv_map:
    """Pages that were promised: to a private mapping and its parts, or to a shared file.

    Attributes
    ----------
    regions : :class:`set` of :class:`int`
        Huge pages of the file: for a private mapping those that it has taken already, for a shared
        file all.
    """

    regions: set[int] = field(default_factory=set)


#: The pool of pages of 2 MiB, the only one.
default_hstate = DEFINE(hstate)


def is_vm_hugetlb_page(vma: vm_area_struct) -> bool:
    """Tell whether the pages of a mapping are the pool's."""
    return bool(vma.vm_flags & VM_HUGETLB)


def folio_test_hugetlb(cpu: Cpu, folio: page) -> bool:
    """Tell whether a page belongs to the pool."""
    return folio.pfn in default_hstate(cpu).pfns
