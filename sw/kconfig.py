"""Choices of a kernel that is built: the format of its page tables, and its era.

Where versions of Linux differ, the rule is in :class:`Era`. The rules that there are stand in
``sw/rules``, and :mod:`sw.era` makes eras of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.include.linux.mm_types import page, vm_area_struct
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = [
    "Era", "ForcedWrite", "HugetlbForce", "HugeWrite", "Kconfig", "KernelMapping",
    "MremapFlush", "ReadGup", "Reuse", "UffdFill", "kconfig",
]


class ForcedWrite(Protocol):
    """A write by force through a read-only entry.

    Attributes
    ----------
    VM_FAULT_WRITE : :class:`int`
        Flag that a fault returns which broke copy-on-write; 0: none.
    """

    @property
    def VM_FAULT_WRITE(self) -> int: ...

    def can_follow_write_pte(self, paging: Paging, pte: int, folio: page | None,
                             vma: vm_area_struct, flags: int) -> bool:
        """Tell whether get_user_pages may use what ``pte`` maps for a write."""

    def faulted_in(self, vma: vm_area_struct, ret: int, flags: int) -> int:
        """Return FOLL_* for the next look at the page, after a fault that returned ``ret``."""


class ReadGup(Protocol):
    """References for readers, on pages that a write would copy."""

    def gup_flags(self, vma: vm_area_struct, flags: int) -> int:
        """Return FOLL_* for pages of ``vma`` that are wanted with ``flags``."""

    def fast_flags(self, flags: int) -> int:
        """Return them where the mapping is not known."""

    def must_unshare(self, folio: page, flags: int) -> bool:
        """Tell whether the page of a read-only entry must become the process's own first."""


class Reuse(Protocol):
    """A write to a read-only entry of a private page."""

    def wp_can_reuse(self, pg: page) -> bool:
        """Tell whether nobody else sees a write to this anonymous page."""

    def wp_can_reuse_huge(self, folio: page) -> bool:
        """Tell whether nobody else sees a write to this huge page, which is mapped as one."""


class HugeWrite(Protocol):
    """A write to a huge page that cannot be reused."""

    def copies_whole(self, *, zeros: bool) -> bool:
        """Tell whether it is replaced by a huge page; of ``zeros``, or else by a copy."""


class HugetlbForce(Protocol):
    """A write by force to a huge page of the pool that its program may not write."""

    def refuses(self) -> bool:
        """Tell whether get_user_pages refuses it: EFAULT."""

    def maps_writable(self, vma: vm_area_struct) -> bool:
        """Tell whether the fault for a write makes the entry of a page of ``vma`` writable."""


class MremapFlush(Protocol):
    """The flush of moved entries."""

    def flush_locked(self, paging: Paging, pte: int) -> bool:
        """Tell whether ``pte`` must be flushed before the lock of the tables is given up."""


class UffdFill(Protocol):
    """The entry that a program makes by userfaultfd for a page that its file has.

    Attributes
    ----------
    minor_shmem : :class:`bool`
        It can, for files in memory.
    """

    @property
    def minor_shmem(self) -> bool: ...

    def marks_dirty(self, *, writable: bool) -> bool:
        """Tell whether the entry is dirty, if it is ``writable`` or not."""


class KernelMapping(Protocol):
    """The linear address by which access_remote_vm reaches a page.

    Attributes
    ----------
    functions : :class:`tuple` of :class:`str`
        Names of the functions that make it, and end it.
    """

    @property
    def functions(self) -> tuple[str, str]: ...

    async def map_page(self, cpu: Cpu, folio: page) -> int:
        """Return a linear address of ``folio``."""

    async def unmap_page(self, cpu: Cpu, folio: page, address: int) -> None:
        """End what ``map_page`` began."""


@dataclass(frozen=True, kw_only=True)
class Era:
    """The rules that changed.

    Attributes
    ----------
    name : :class:`str`
        The version that has them.
    forced_write : :class:`ForcedWrite`
        How a private copy is known that its program may not write.
    read_gup : :class:`ReadGup`
        What a reader gets from get_user_pages where a write would copy.
    reuse : :class:`Reuse`
        Which private pages need not be copied.
    huge_reuse : :class:`Reuse`
        Which huge pages need not.
    huge_write : :class:`HugeWrite`
        What becomes of those that must.
    hugetlb_force : :class:`HugetlbForce`
        What a forced write to a huge page of the pool does.
    touch_dirties_pmd : :class:`bool`
        get_user_pages makes the entry of a huge page dirty, even for a reader.
    flushes_nested : :class:`bool`
        Who changes entries while others do flushes what they have cleared, too.
    mremap_flush : :class:`MremapFlush`
        When moved entries are flushed.
    uffd_fill : :class:`UffdFill`
        What an entry is like that UFFDIO_CONTINUE makes.
    kernel_mapping : :class:`KernelMapping`
        How the kernel reaches the page.
    mmap_aligns_huge : :class:`bool`
        mmap() chooses an address for a huge page if the length is a multiple of its size.
    mprotect_allows_exclusive : :class:`bool`
        mprotect() sets R/W at once in the entry of an exclusive page; else the next write faults.
    gup_expands_stack : :class:`bool`
        get_user_pages makes a stack grow; else only access_remote_vm and a program's own fault do.
    mem_open_needs_mm : :class:`bool`
        Opening /proc/<pid>/mem of a task without memory fails with ESRCH.
    force_override : :class:`bool`
        There is the boot parameter ``proc_mem.force_override``; else everybody may force a write.
    saved_dirty : :class:`bool`
        D never stands in a read-only entry: a software bit keeps it.
    write_prefaults : :class:`bool`
        A write to a file makes the program's pages present before it begins; else after a copy that
        found them missing, when the file may have grown up to there.
    """

    name:                      str
    forced_write:              ForcedWrite
    read_gup:                  ReadGup
    reuse:                     Reuse
    huge_reuse:                Reuse
    huge_write:                HugeWrite
    hugetlb_force:             HugetlbForce
    touch_dirties_pmd:         bool
    flushes_nested:            bool
    mremap_flush:              MremapFlush
    uffd_fill:                 UffdFill
    kernel_mapping:            KernelMapping
    mmap_aligns_huge:          bool
    mprotect_allows_exclusive: bool
    gup_expands_stack:         bool
    mem_open_needs_mm:         bool
    force_override:            bool
    saved_dirty:               bool
    write_prefaults:           bool


@dataclass
class Kconfig:
    """Choices of one kernel.

    Attributes
    ----------
    paging : :class:`Paging`
        Format of the page tables. Flags that the machine does not have are taken out of it at boot.
    era : :class:`Era`
        Rules of which versions.
    """

    paging: Paging
    era:    Era


kconfig: DEFINE[Kconfig] = DEFINE()
