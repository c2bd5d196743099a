"""Accesses that a mapping allows to get_user_pages.

Ref: Linux 6.12, mm/gup.c (check_vma_flags, gup_vma_lookup).
"""

from sw.errno import Errno, KernelError
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import (
    VM_IO, VM_MAYREAD, VM_PFNMAP, VM_READ, VM_WRITE, is_cow_mapping, vma_is_anonymous,
)
from sw.include.linux.mm_types import FOLL_ANON, FOLL_FORCE, FOLL_WRITE, mm_struct, vm_area_struct
from sw.kconfig import kconfig
from sw.mm.mmap.find import vma_lookup
from sw.mm.mmap.stack import find_extend_vma
from sw.mm.secretmem import vma_is_secretmem
from sw.processor.cpu import Cpu


__all__ = ["check_vma_flags", "gup_vma_lookup"]


def check_vma_flags(cpu: Cpu, vma: vm_area_struct, gup_flags: int) -> None:
    """Refuse an access that the mapping does not allow: EFAULT. Called once for each mapping.

    FOLL_FORCE writes where the program may not, if the write makes a private copy: never to
    shared memory. It reads where the program could give itself the right to read.
    """
    refused = KernelError(Errno.EFAULT)
    force   = gup_flags & FOLL_FORCE
    if vma.vm_flags & (VM_IO | VM_PFNMAP) or vma_is_secretmem(vma):
        raise refused
    if gup_flags & FOLL_ANON and not vma_is_anonymous(vma):
        raise refused
    if gup_flags & FOLL_WRITE:
        if not vma.vm_flags & VM_WRITE and not (force and is_cow_mapping(vma.vm_flags)):
            raise refused
        if (not vma.vm_flags & VM_WRITE and is_vm_hugetlb_page(vma)
                and kconfig(cpu).era.hugetlb_force.refuses()):
            raise refused
    elif not vma.vm_flags & VM_READ and not (force and vma.vm_flags & VM_MAYREAD):
        raise refused


def gup_vma_lookup(cpu: Cpu, mm: mm_struct, addr: int) -> vm_area_struct | None:
    """Return the mapping that contains ``addr``; before 6.5 a stack may grow to contain it."""
    if kconfig(cpu).era.gup_expands_stack:
        return find_extend_vma(cpu, mm, addr)
    return vma_lookup(mm, addr)
