"""mprotect(): other permissions for mappings, and for the entries that they have.

Ref: Linux 6.12, mm/mprotect.c.
"""

from contextlib import suppress

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.arch.x86.include.asm.pgtable import (
    pte_dirty, pte_mkwrite, pte_modify, pte_present, pte_protnone, pte_write, ptep_get_and_clear,
    set_pte_at,
)
from sw.arch.x86.include.asm.tlbflush import pte_needs_flush
from sw.errno import Errno, KernelError
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import (
    PAGE_ALIGN, VM_ACCESS_FLAGS, VM_ACCOUNT, VM_GROWSDOWN, VM_HUGETLB, VM_LOCKED, VM_NORESERVE,
    VM_SEALED, VM_SHARED, VM_WRITE, pte_lockptr, vma_is_anonymous,
)
from sw.include.linux.mm_types import vm_area_struct
from sw.include.linux.mman import PROT_GROWSDOWN, PROT_GROWSUP, PROT_SEM
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .gup.populate import populate_vma_page_range
from .huge_memory.entries import change_huge_pmd
from .huge_memory.split import __split_huge_pmd
from .hugetlb.entries import change_hugetlb_pmd
from .memory.vm_page import vm_normal_page
from .mmap.find import find_vma
from .mmu_gather import tlb_finish_mmu, tlb_gather_mmu
from .mmap.limits import may_expand_vm
from .pagewalk import walk_page_range
from .pgtable_generic import pte_unmap_unlock
from .util import account_flags, security_vm_enough_memory_mm
from .vma import vma_merge, vma_modify, vma_set_page_prot, vma_wants_writenotify


__all__ = ["do_mprotect_pkey", "sys_mprotect"]


def can_change_pte_writable(cpu: Cpu, vma: vm_area_struct, pte: int) -> bool:
    """Tell whether R/W may be set at once. Else the next write faults, and that fault decides."""
    if not vma.vm_flags & VM_WRITE:
        return False
    if vma.vm_flags & VM_SHARED:
        return vma_wants_writenotify(vma) and pte_dirty(kconfig(cpu).paging, pte)
    if not kconfig(cpu).era.mprotect_allows_exclusive or pte_protnone(pte):
        return False
    folio = vm_normal_page(cpu, vma, pte)
    return folio is not None and folio.anon and folio.anon_exclusive


@traced
async def change_pte_range(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, start: int, end: int,
                           newprot: int) -> None:
    """Give all present entries the permissions ``newprot``."""
    paging, mm = kconfig(cpu).paging, vma.vm_mm

    async def pmd_entry(pmdp: int, addr: int, next_: int) -> bool:
        if is_vm_hugetlb_page(vma):
            await change_hugetlb_pmd(cpu, tlb, vma, addr, pmdp, newprot)
            return True
        if next_ - addr != paging.HPAGE_PMD_SIZE:
            await __split_huge_pmd(cpu, vma, pmdp, addr)
            return False
        return await change_huge_pmd(cpu, tlb, vma, addr, pmdp, newprot)

    for addr, ptep, seen in await walk_page_range(cpu, mm, start, end, pmd_entry):
        if not pte_present(seen):
            continue
        await spin_lock(cpu, pte_lockptr(mm))
        oldpte = await ptep_get_and_clear(cpu, mm, addr, ptep)
        ptent  = pte_modify(paging, oldpte, newprot)
        if not pte_write(ptent) and can_change_pte_writable(cpu, vma, ptent):
            ptent = pte_mkwrite(paging, ptent, vma)
        await set_pte_at(cpu, mm, addr, ptep, ptent)
        pte_unmap_unlock(cpu, mm)
        if pte_needs_flush(paging, oldpte, ptent):
            tlb.flush = tlb.cleared_ptes = True


def _accounted(cpu: Cpu, vma: vm_area_struct, length: int, newflags: int) -> int:
    """Return the flags of a changed part, with VM_ACCOUNT if it is promised pages of its own.

    It is from the first time that it can be written to; until a page has been, the promise is taken
    back. Raises ENOMEM.
    """
    kept = VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE
    if newflags & VM_WRITE:
        account = 0 if vma.vm_flags & kept else account_flags(cpu, newflags)
        if account and not security_vm_enough_memory_mm(cpu, length):
            raise KernelError(Errno.ENOMEM)
        return newflags | account
    if vma_is_anonymous(vma) and not vma.anon_vma:
        return newflags & ~VM_ACCOUNT
    return newflags


@traced
async def mprotect_fixup(cpu: Cpu, vma: vm_area_struct, start: int, end: int,
                         newflags: int) -> None:
    """Change the part ``[start, end)`` of one mapping. EPERM if it is sealed; ENOMEM above a limit
    of data, which it becomes by this."""
    if vma.vm_flags & VM_SEALED:
        raise KernelError(Errno.EPERM)
    if newflags == vma.vm_flags:
        return
    if (newflags & VM_WRITE and not may_expand_vm(cpu, vma.vm_mm, newflags, end - start)
            and may_expand_vm(cpu, vma.vm_mm, vma.vm_flags, end - start)):
        raise KernelError(Errno.ENOMEM)
    oldflags = vma.vm_flags
    newflags = _accounted(cpu, vma, end - start, newflags)
    vma = await vma_modify(cpu, vma, start, end)
    vma.vm_flags = newflags
    vma_set_page_prot(kconfig(cpu).paging, vma)
    newprot = vma.vm_page_prot
    tlb = tlb_gather_mmu(vma.vm_mm)
    await change_pte_range(cpu, tlb, vma, start, end, newprot)
    await tlb_finish_mmu(cpu, tlb, vma, start, end)
    # The first store to locked memory must not be what makes the private copy.
    if (oldflags & (VM_WRITE | VM_SHARED | VM_LOCKED) == VM_LOCKED and newflags & VM_WRITE):
        with suppress(KernelError):
            await populate_vma_page_range(cpu, vma, start, end)
    vma_merge(vma)


async def _mprotect_range(cpu: Cpu, start: int, end: int, prot: int) -> None:
    """Change mapping after mapping, up to a hole or a refusal: what is below stays changed."""
    vma = find_vma(current_mm(cpu), start)
    if vma is None:
        raise KernelError(Errno.ENOMEM)
    if prot & PROT_GROWSDOWN:
        if vma.vm_start >= end:
            raise KernelError(Errno.ENOMEM)
        if not vma.vm_flags & VM_GROWSDOWN:
            raise KernelError(Errno.EINVAL)
        start = vma.vm_start
    elif prot & PROT_GROWSUP and vma.vm_start <= start:  # nothing grows upwards on x86
        raise KernelError(Errno.EINVAL)
    at = start
    while at < end:
        vma = find_vma(current_mm(cpu), at)
        if vma is None or vma.vm_start > at:
            raise KernelError(Errno.ENOMEM)
        newflags = vma.vm_flags & ~VM_ACCESS_FLAGS | prot & VM_ACCESS_FLAGS
        # VM_MAYREAD and its kind are four bits above VM_READ and its kind.
        if newflags & ~(newflags >> 4) & VM_ACCESS_FLAGS:
            raise KernelError(Errno.EACCES)
        stop = min(vma.vm_end, end)
        await mprotect_fixup(cpu, vma, at, stop, newflags)
        at = stop


@traced
async def do_mprotect_pkey(cpu: Cpu, start: int, length: int, prot: int) -> None:
    """Change the permissions of ``[start, start + length)`` of the current address space.

    Raises
    ------
    KernelError
        EINVAL for both PROT_GROWS flags, a start that is not page aligned, unknown bits; ENOMEM
        for a range that wraps, and for a hole; EACCES for a right that the mapping can never
        have; EPERM for a sealed one. The part before a hole or a refusal is changed.
    """
    grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP)
    if grows == PROT_GROWSDOWN | PROT_GROWSUP or start & ~PAGE_MASK:
        raise KernelError(Errno.EINVAL)
    if length == 0:
        return
    mask = kconfig(cpu).paging.address_mask
    end  = start + PAGE_ALIGN(length) & mask
    if end <= start:
        raise KernelError(Errno.ENOMEM)
    if prot & ~(VM_ACCESS_FLAGS | PROT_SEM | grows):
        raise KernelError(Errno.EINVAL)
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        await _mprotect_range(cpu, start, end, prot)
    finally:
        mmap_write_unlock(cpu, mm)


async def sys_mprotect(cpu: Cpu, start: int, length: int, prot: int) -> int:
    """Change the permissions of memory."""
    await do_mprotect_pkey(cpu, start, length, prot)
    return 0
