"""Choices of a kernel that is built: the format of its page tables, and its era.

Ref: Linux 5.10 and 6.12, mm/gup.c, mm/memory.c, mm/mprotect.c, fs/proc/base.c.

Where versions differ, the rule is a method of :class:`Era`; :mod:`sw.era` has the two that there
are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.include.linux.mm_types import page, vm_area_struct
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = ["Era", "Kconfig", "kconfig"]


class Era(Protocol):
    """The rules that changed.

    Attributes
    ----------
    name : :class:`str`
        First and last version.
    saved_dirty : :class:`bool`
        D never stands in a read-only entry: a software bit keeps it.
    mem_open_needs_mm : :class:`bool`
        Opening /proc/<pid>/mem of a task without memory fails with ESRCH.
    gup_expands_stack, access_expands_stack : :class:`bool`
        get_user_pages makes a stack grow; access_remote_vm does.
    VM_FAULT_WRITE : :class:`int`
        Flag that a fault returns which broke copy-on-write; 0: none.
    """

    @property
    def name(self) -> str: ...
    @property
    def saved_dirty(self) -> bool: ...
    @property
    def mem_open_needs_mm(self) -> bool: ...
    @property
    def gup_expands_stack(self) -> bool: ...
    @property
    def access_expands_stack(self) -> bool: ...
    @property
    def VM_FAULT_WRITE(self) -> int: ...

    def can_follow_write_pte(self, paging: Paging, pte: int, folio: page | None,
                             vma: vm_area_struct, flags: int) -> bool:
        """Tell whether get_user_pages may use what ``pte`` maps for a write."""

    def faulted_in(self, vma: vm_area_struct, ret: int, flags: int) -> int:
        """Return FOLL_* for the next look at the page, after a fault that returned ``ret``."""

    def wp_can_reuse(self, folio: page) -> bool:
        """Tell whether nobody else sees a write to this anonymous page in a read-only entry."""

    def can_change_private_pte_writable(self, pte: int, folio: page | None) -> bool:
        """Tell whether mprotect() may set R/W at once in an entry of a private mapping."""

    def proc_mem_force(self, override: str) -> str:
        """Return the policy of forced writes: "always", "ptrace" or "never"."""

    async def map_page(self, cpu: Cpu, folio: page) -> int:
        """Return a linear address of ``folio``, for access_remote_vm."""

    async def unmap_page(self, cpu: Cpu, folio: page, address: int) -> None:
        """End what ``map_page`` began."""


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
