"""Records of page frames, of mappings, of address spaces, and of page faults.

Ref: Linux 6.12, include/linux/mm_types.h, page-flags.h; mm.h (vm_fault, vm_operations_struct, and
the FOLL_* flags); FOLL_COW from Linux 5.10. The two headers need each other; here they are one.

These are the kernel's own records. Page tables and the contents of pages are not here: they are
in the machine's memory, and are reached by loads and stores. A fault never gives up the lock of the
mappings while it waits, so none is to be retried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sw.kernel.locking.rwsem import rw_semaphore
from sw.kernel.locking.spinlock import spinlock_t
from sw.processor.cpu import Cpu


__all__ = [
    "FAULT_FLAG_INSTRUCTION", "FAULT_FLAG_REMOTE", "FAULT_FLAG_UNSHARE", "FAULT_FLAG_USER",
    "FAULT_FLAG_WRITE", "FOLL_ANON", "FOLL_COW", "FOLL_FORCE", "FOLL_GET", "FOLL_MADV_POPULATE",
    "FOLL_PIN", "FOLL_REMOTE", "FOLL_TOUCH", "FOLL_WRITE", "SUID_DUMP_DISABLE", "SUID_DUMP_USER",
    "VM_FAULT_ERROR", "VM_FAULT_FALLBACK", "VM_FAULT_NOPAGE", "VM_FAULT_OOM", "VM_FAULT_SIGBUS",
    "VM_FAULT_SIGSEGV", "VM_FAULT_WRITE", "folio_pages", "folio_test_large", "mm_context",
    "mm_struct", "page", "page_folio", "vm_area_struct", "vm_fault", "vm_operations_struct",
]


FAULT_FLAG_WRITE       = 1 << 0
FAULT_FLAG_USER        = 1 << 6
FAULT_FLAG_REMOTE      = 1 << 7
FAULT_FLAG_INSTRUCTION = 1 << 8
FAULT_FLAG_UNSHARE     = 1 << 10  # no write, but the page shall be nobody else's; since 5.19

VM_FAULT_OOM     = 0x001
VM_FAULT_SIGBUS  = 0x002
VM_FAULT_WRITE   = 0x008  # copy-on-write was broken; only before 6.0
VM_FAULT_SIGSEGV = 0x040
VM_FAULT_NOPAGE  = 0x100
VM_FAULT_ERROR   = VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV

VM_FAULT_FALLBACK = 0x800  # no huge page: try a small one

FOLL_WRITE  = 1 << 0   # the page will be written to
FOLL_GET    = 1 << 1   # take a reference
FOLL_FORCE  = 1 << 3   # ignore what the mapping forbids, where a private copy can be made
FOLL_ANON   = 1 << 7   # anonymous mappings only
FOLL_COW    = 1 << 14  # copy-on-write has been broken; only before 6.0
FOLL_TOUCH  = 1 << 16  # mark the page used
FOLL_REMOTE = 1 << 18  # maybe not the caller's own memory
FOLL_PIN    = 1 << 19  # take a pin: a reference of somebody who will use the contents

FOLL_MADV_POPULATE = 1 << 22  # of madvise(), which has errors of its own

SUID_DUMP_DISABLE = 0  # nobody may look into it but itself, and those with CAP_SYS_PTRACE
SUID_DUMP_USER    = 1  # its owner's processes may


@dataclass(eq=False, slots=True)
class page:
    """One frame of physical memory. One object a frame, for as long as the kernel runs.

    Attributes
    ----------
    pfn : :class:`int`
        Frame number.
    highmem : :class:`bool`
        The frame is not in the linear map.
    refcount : :class:`int`
        References; 0 while the frame is free.
    mapcount : :class:`int`
        Page-table entries of processes that map the frame, and no more than it.
    anon : :class:`bool`
        Belongs to no file.
    anon_exclusive : :class:`bool`
        Anonymous and surely used by one address space only (PageAnonExclusive).
    dirty : :class:`bool`
        The contents are newer than the file's; of one without a file, the kernel has written them.
    uptodate : :class:`bool`
        Holds what is in the file: not one that was made for it, and that nobody has used yet.
    lazyfree : :class:`bool`
        Anonymous, and of use to nobody until it is written again (not PageSwapBacked).
    mapping : :class:`object` or :class:`None`
        Page cache that owns the frame.
    index : :class:`int`
        Page number in that file.
    virtual : :class:`int` or :class:`None`
        Linear address of the pkmap slot of a frame in high memory.
    compound_pages : :class:`tuple` of :class:`page`
        Of the first frame of a compound page: all of its frames, whose references it counts.
    compound_head : :class:`page` or :class:`None`
        Of every other frame of one: the first.
    entire_mapcount : :class:`int`
        Entries of page directories that map a whole compound page.
    large_mapcount : :class:`int`
        All entries that map a private compound page, or a part of it.
    mm_ids : :class:`dict`
        How many of them are of which address space, for some.
    maybe_mapped_shared : :class:`bool`
        They are of several address spaces, or nobody knows.
    """

    pfn:            int
    highmem:        bool       = False
    refcount:       int        = 0
    mapcount:       int        = 0
    anon:           bool       = False
    anon_exclusive: bool       = False
    dirty:          bool       = False
    uptodate:       bool       = True
    lazyfree:       bool       = False
    mapping:        Any | None = None
    index:          int        = 0
    virtual:        int | None = None

    compound_pages:  tuple[page, ...] = ()
    compound_head:   page | None      = None
    entire_mapcount: int              = 0
    large_mapcount:  int              = 0
    mm_ids:          dict[mm_struct, int] = field(default_factory=dict)
    maybe_mapped_shared: bool         = False


def page_folio(pg: page) -> page:
    """Return the page that counts the references: the first of a compound page."""
    return pg.compound_head or pg


def folio_test_large(pg: page) -> bool:
    """Tell whether it is part of a compound page."""
    return bool(page_folio(pg).compound_pages)


def folio_pages(folio: page) -> tuple[page, ...]:
    """Return the frames of a page, of which there is one unless it is compound."""
    return folio.compound_pages or (folio,)


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
        Operations of the file; none for a private anonymous mapping.
    anon_vma : :class:`bool`
        Private pages may exist, so that a fork must copy the page tables.
    vm_userfaultfd_ctx : :class:`object` or :class:`None`
        The userfaultfd that it is registered with.
    vm_private_data : :class:`object` or :class:`None`
        What ``vm_ops`` keep of it.
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

    vm_userfaultfd_ctx: Any | None = None
    vm_private_data:    Any | None = None


@dataclass(eq=False)
class mm_context:
    """State of the TLB code for one address space.

    Attributes
    ----------
    ctx_id : :class:`int`
        Its number, which no other address space ever has; 0 until it gets one.
    tlb_gen : :class:`int`
        Flushes of the address space so far. A processor that has done fewer is behind.
    """

    ctx_id:  int = 0
    tlb_gen: int = 1


@dataclass(eq=False)
class mm_struct:
    """An address space.

    Attributes
    ----------
    pgd : :class:`int`
        Linear address of the root table.
    mmap : :class:`list` of :class:`vm_area_struct`
        Mappings, by rising address; none overlap.
    mm_users : :class:`int`
        Users of the memory: tasks, and those that are inside it for the moment.
    mm_count : :class:`int`
        References to this object; all users together hold one.
    context : :class:`mm_context`
        State of the TLB code.
    cpumask : :class:`set` of :class:`int`
        Numbers of the processors whose TLBs may hold translations of it.
    mmap_base : :class:`int`
        Mappings without an address are placed below it, downwards.
    start_brk, brk : :class:`int`
        First address of the heap, and the one behind its last byte.
    def_flags : :class:`int`
        VM_* that every new mapping gets.
    dumpable : :class:`int`
        SUID_DUMP_*.
    mmap_lock : :class:`rw_semaphore`
        Guards ``mmap`` and its members.
    page_table_lock : :class:`spinlock_t`
        Guards the entries of the page tables.
    tlb_flush_pending : :class:`int`
        Changes of entries under way whose flush is still to come.
    pmd_huge_pte : :class:`list` of :class:`page`
        A page table for each huge page that is mapped, for its split, which must not fail.
    huge_zero_page : :class:`bool`
        It holds a reference on the huge page of zeros (MMF_HUGE_ZERO_PAGE).
    """

    pgd:      int                  = 0
    mmap:     list[vm_area_struct] = field(default_factory=list)
    mm_users: int                  = 1
    mm_count: int                  = 1
    context:  mm_context           = field(default_factory=mm_context)
    cpumask:  set[int]             = field(default_factory=set)

    mmap_base:       int          = 0
    start_brk:       int          = 0
    brk:             int          = 0
    def_flags:       int          = 0
    dumpable:        int          = SUID_DUMP_USER
    mmap_lock:       rw_semaphore = field(default_factory=rw_semaphore)
    page_table_lock: spinlock_t   = field(default_factory=spinlock_t)
    tlb_flush_pending: int        = 0
    pmd_huge_pte:    list[page]   = field(default_factory=list)
    huge_zero_page:  bool         = False


def inc_tlb_flush_pending(mm: mm_struct) -> None:
    """Note that somebody begins to change entries, and will flush them."""
    mm.tlb_flush_pending += 1


def dec_tlb_flush_pending(mm: mm_struct) -> None:
    """Note that they are flushed."""
    mm.tlb_flush_pending -= 1


def mm_tlb_flush_nested(mm: mm_struct) -> bool:
    """Tell whether others than the caller are about to flush."""
    return mm.tlb_flush_pending > 1


#: The type, where a field has its name.
struct_page: TypeAlias = page


@dataclass(slots=True)
class vm_fault:
    """One fault being handled.

    Attributes
    ----------
    address : :class:`int`
        Faulting address, rounded down to its page.
    flags : :class:`int`
        FAULT_FLAG_*.
    pgoff : :class:`int`
        Page of the file (or of the shared memory) that belongs at ``address``.
    pmd, pte : :class:`int`
        Linear addresses of the entries in the page directory and the page table; 0 before the walk.
    orig_pmd, orig_pte : :class:`int`
        The entries as they were when the fault was looked at.
    page, cow_page : :class:`page` or :class:`None`
        Page that the file's fault operation returns; and the private copy to fill.
    """

    vma:      vm_area_struct
    address:  int
    flags:    int
    pgoff:    int
    pmd:      int = 0
    orig_pmd: int = 0
    pte:      int = 0
    orig_pte: int = 0
    page:     struct_page | None = None
    cow_page: struct_page | None = None


@dataclass(frozen=True, slots=True)
class vm_operations_struct:
    """Operations of a file on its mappings.

    Attributes
    ----------
    fault : callable or :class:`None`
        ``await fault(cpu, vmf)`` stores a page with a reference in ``vmf.page``; VM_FAULT_*.
    map_pages : callable or :class:`None`
        ``await map_pages(cpu, vmf, start_pgoff, end_pgoff)`` maps those pages before ``end_pgoff``
        that are there; VM_FAULT_NOPAGE if the one of ``vmf`` is among them.
    page_mkwrite : callable or :class:`None`
        ``await page_mkwrite(cpu, vmf)`` allows the page ``vmf.page`` to become writable.
    may_split : callable or :class:`None`
        ``may_split(cpu, vma, addr)`` raises EINVAL where such a mapping cannot be cut.
    close : callable or :class:`None`
        ``close(cpu, vma)`` follows when the pages of a mapping are unmapped, which goes.
    name : :class:`str`
        Of mappings without a file, where they are listed.
    access : callable or :class:`None`
        ``await access(cpu, vma, addr, buf, len, write)`` copies to or from memory that has no
        struct page; the number of bytes, or 0.
    """

    fault:        Callable[[Cpu, vm_fault], Awaitable[int]] | None = None
    map_pages:    Callable[[Cpu, vm_fault, int, int], Awaitable[int]] | None = None
    page_mkwrite: Callable[[Cpu, vm_fault], Awaitable[int]] | None = None
    access: Callable[[Cpu, vm_area_struct, int, int, int, bool], Awaitable[int]] | None = None
    may_split: Callable[[Cpu, vm_area_struct, int], None] | None = None
    close:     Callable[[Cpu, vm_area_struct], None] | None      = None
    name:   str = ""
