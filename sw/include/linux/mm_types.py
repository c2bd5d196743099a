"""Descriptions of a page frame, of a mapping, and of an address space.

Ref: Linux 6.12, include/linux/mm_types.h, mm.h, page-flags.h.

These are the kernel's own records. Page tables and the contents of pages are not here: they are
in the machine's memory, and are reached by loads and stores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sw.kernel.locking.spinlock import rw_semaphore, spinlock_t

if TYPE_CHECKING:
    from sw.vmlinux import Kernel

    from .mm import vm_operations_struct


__all__ = [
    "VM_NONE", "VM_READ", "VM_WRITE", "VM_EXEC", "VM_SHARED",
    "VM_MAYREAD", "VM_MAYWRITE", "VM_MAYEXEC", "VM_MAYSHARE",
    "VM_GROWSDOWN", "VM_PFNMAP", "VM_IO", "VM_DONTCOPY", "VM_HUGETLB", "VM_WIPEONFORK",
    "VM_MIXEDMAP", "VM_ACCESS_FLAGS",
    "PAGE_SHIFT", "PAGE_SIZE", "PAGE_MASK", "page", "vm_area_struct", "mm_context", "mm_struct",
]


PAGE_SHIFT = 12
PAGE_SIZE  = 1 << PAGE_SHIFT
PAGE_MASK  = ~(PAGE_SIZE - 1)

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
VM_IO         = 0x0000_4000
VM_DONTCOPY   = 0x0002_0000
VM_HUGETLB    = 0x0040_0000
VM_WIPEONFORK = 0x0200_0000
VM_MIXEDMAP   = 0x1000_0000

VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC


@dataclass(eq=False, slots=True)
class page:
    """One frame of physical memory. One object a frame, for as long as the kernel runs.

    Attributes
    ----------
    pfn : :class:`int`
        Frame number.
    highmem : :class:`bool`
        The frame has no place in the linear map.
    refcount : :class:`int`
        References; 0 while the frame is free.
    mapcount : :class:`int`
        Page-table entries of processes that map the frame.
    anon : :class:`bool`
        Belongs to no file.
    anon_exclusive : :class:`bool`
        Anonymous and surely used by one address space only (PageAnonExclusive).
    dirty : :class:`bool`
        The contents are newer than the file's.
    mapping : :class:`object` or :class:`None`
        Page cache that owns the frame.
    index : :class:`int`
        Page number in that file.
    virtual : :class:`int` or :class:`None`
        Linear address of the pkmap slot of a frame in high memory.
    """

    pfn:            int
    highmem:        bool       = False
    refcount:       int        = 0
    mapcount:       int        = 0
    anon:           bool       = False
    anon_exclusive: bool       = False
    dirty:          bool       = False
    mapping:        Any | None = None
    index:          int        = 0
    virtual:        int | None = None


@dataclass(eq=False)
class vm_area_struct:
    """A range of linear addresses that are mapped alike.

    Attributes
    ----------
    vm_mm : :class:`mm_struct`
        Address space that it belongs to.
    vm_start, vm_end : :class:`int`
        First address, and the one behind the last; both page aligned.
    vm_flags : :class:`int`
        ``VM_*``.
    vm_page_prot : :class:`int`
        Flags of a page-table entry that a mapped page begins with.
    vm_file : :class:`object` or :class:`None`
        Open file; none for an anonymous mapping.
    vm_pgoff : :class:`int`
        Page number in the file of the page at ``vm_start``; of a private anonymous mapping, its
        linear page number when it was made.
    vm_ops : :class:`vm_operations_struct` or :class:`None`
        How the file fills pages; none for a private anonymous mapping.
    anon_vma : :class:`bool`
        Private pages may exist, so that a fork must copy the page tables.
    """

    vm_mm:        mm_struct
    vm_start:     int
    vm_end:       int
    vm_flags:     int
    vm_page_prot: int
    vm_file:      Any | None = None
    vm_pgoff:     int        = 0
    vm_ops:       vm_operations_struct | None = None
    anon_vma:     bool       = False


@dataclass(eq=False)
class mm_context:
    """What the TLB code keeps for one address space.

    Attributes
    ----------
    tlb_gen : :class:`int`
        Flushes that the address space has asked for. A processor that has done fewer is behind.
    """

    tlb_gen: int = 1


@dataclass(eq=False)
class mm_struct:
    """An address space.

    Attributes
    ----------
    kernel : :class:`sw.vmlinux.Kernel`
        Kernel that it lives in.
    pgd : :class:`int`
        Linear address of the root table.
    mmap : :class:`list` of :class:`vm_area_struct`
        Mappings, by rising address; none overlap.
    mm_users : :class:`int`
        Users of the memory: tasks, and whoever is inside it for the moment.
    mm_count : :class:`int`
        References to this object; all users together hold one.
    context : :class:`mm_context`
        State of the TLB code.
    cpumask : :class:`set` of :class:`int`
        Numbers of the processors whose TLBs may hold translations of it.
    mmap_base : :class:`int`
        Mappings without an address are placed below it, downwards.
    dumpable : :class:`int`
        1 (SUID_DUMP_USER) if its owner's other processes may look into it.
    mmap_lock : :class:`rw_semaphore`
        Guards ``mmap`` and its members.
    page_table_lock : :class:`spinlock_t`
        Guards the entries of the page tables.
    """

    kernel:   Kernel
    pgd:      int                  = 0
    mmap:     list[vm_area_struct] = field(default_factory=list)
    mm_users: int                  = 1
    mm_count: int                  = 1
    context:  mm_context           = field(default_factory=mm_context)
    cpumask:  set[int]             = field(default_factory=set)

    mmap_base:       int          = 0
    dumpable:        int          = 1
    mmap_lock:       rw_semaphore = field(default_factory=rw_semaphore)
    page_table_lock: spinlock_t   = field(default_factory=spinlock_t)
