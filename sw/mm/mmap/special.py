"""Mappings that the kernel makes by itself, of its own pages.

Ref: Linux 6.12, mm/mmap.c (_install_special_mapping), mm/memory.c (vmf_insert_pfn).
"""

from sw.arch.x86.include.asm.pgtable import pfn_pte, pte_mkspecial, pte_none, ptep_get, set_pte_at
from sw.include.linux.mm import VM_DONTEXPAND, pte_lockptr
from sw.include.linux.mm_types import (
    VM_FAULT_NOPAGE, mm_struct, vm_area_struct, vm_fault, vm_operations_struct,
)
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.mm.vma import vma_link, vma_set_page_prot
from sw.processor.cpu import Cpu


__all__ = ["_install_special_mapping", "vmf_insert_pfn"]


def _install_special_mapping(cpu: Cpu, mm: mm_struct, addr: int, length: int, vm_flags: int,
                             spec: vm_operations_struct) -> None:
    """Map ``length`` bytes at ``addr``, which is free; the pages are what ``spec`` finds."""
    vma = vm_area_struct(mm, addr, addr + length, vm_flags | VM_DONTEXPAND, 0, vm_ops=spec)
    vma_set_page_prot(kconfig(cpu).paging, vma)
    vma_link(mm, vma)


@traced
async def vmf_insert_pfn(cpu: Cpu, vmf: vm_fault, pfn: int) -> int:
    """Map a frame that is nobody's page: no reference is counted, and none can be had."""
    mm = vmf.vma.vm_mm
    await spin_lock(cpu, pte_lockptr(mm))
    if pte_none(await ptep_get(cpu, vmf.pte)):
        pte = pte_mkspecial(pfn_pte(kconfig(cpu).paging, pfn, vmf.vma.vm_page_prot))
        await set_pte_at(cpu, mm, vmf.address, vmf.pte, pte)
    pte_unmap_unlock(cpu, mm)
    return VM_FAULT_NOPAGE
