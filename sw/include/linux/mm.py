"""What a page fault is asked for, and how it can end.

Ref: Linux 6.12, include/linux/mm_types.h (enum fault_flag, enum vm_fault_reason) and
include/linux/mm.h (struct vm_fault).

A fault never gives up the lock of the mappings while it waits, so none is asked to be retried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import mm_types
from .mm_types import vm_area_struct

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = [
    "FAULT_FLAG_INSTRUCTION", "FAULT_FLAG_REMOTE", "FAULT_FLAG_USER", "FAULT_FLAG_WRITE",
    "VM_FAULT_ERROR", "VM_FAULT_NOPAGE", "VM_FAULT_OOM", "VM_FAULT_SIGBUS", "VM_FAULT_SIGSEGV",
    "VM_FAULT_WRITE",
    "vm_fault", "vm_operations_struct",
]


FAULT_FLAG_WRITE       = 1 << 0
FAULT_FLAG_USER        = 1 << 6
FAULT_FLAG_REMOTE      = 1 << 7
FAULT_FLAG_INSTRUCTION = 1 << 8

VM_FAULT_OOM     = 0x001
VM_FAULT_SIGBUS  = 0x002
VM_FAULT_WRITE   = 0x008  # copy-on-write was broken; only before 6.0
VM_FAULT_SIGSEGV = 0x040
VM_FAULT_NOPAGE  = 0x100
VM_FAULT_ERROR   = VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV


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
    pte : :class:`int`
        Linear address of the entry; 0 before the table was found.
    orig_pte : :class:`int`
        The entry as it was when the fault was looked at.
    page, cow_page : :class:`page` or :class:`None`
        What the file's fault operation found; and the private copy to fill.
    """

    vma:      vm_area_struct
    address:  int
    flags:    int
    pgoff:    int
    pte:      int = 0
    orig_pte: int = 0
    page:     mm_types.page | None = None
    cow_page: mm_types.page | None = None


@dataclass(frozen=True, slots=True)
class vm_operations_struct:
    """What a file does for its mappings.

    Attributes
    ----------
    fault : callable or :class:`None`
        ``await fault(cpu, vmf)`` stores a page with a reference in ``vmf.page``; VM_FAULT_*.
    page_mkwrite : callable or :class:`None`
        ``await page_mkwrite(cpu, vmf)`` allows the page ``vmf.page`` to become writable.
    access : callable or :class:`None`
        ``await access(cpu, vma, addr, buf, len, write)`` copies to or from memory that has no
        struct page; the number of bytes, or 0.
    """

    fault:        Callable[[Cpu, vm_fault], Awaitable[int]] | None = None
    page_mkwrite: Callable[[Cpu, vm_fault], Awaitable[int]] | None = None
    access: Callable[[Cpu, vm_area_struct, int, int, int, bool], Awaitable[int]] | None = None
