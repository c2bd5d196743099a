"""Memory of devices in a process, read and written by others.

Ref: Linux 6.12, mm/memory.c (generic_access_phys).

There are no devices but frames of memory, so that the kernel's own mappings reach them; Linux makes
one for the moment (ioremap_prot).
"""

from sw.arch.x86.include.asm.page import pfn_to_page
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import pte_pfn, pte_present, pte_write, ptep_get
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import kmap_local_page, kunmap_local
from sw.mm.memory.mem_map import mem_map
from sw.mm.pgtable_generic import pte_offset_map_lock, pte_unmap_unlock
from sw.processor.cpu import Cpu
from sw.processor.strings import rep_movs


__all__ = ["generic_access_phys"]


async def _follow_pfnmap(cpu: Cpu, vma: vm_area_struct, address: int, write: bool) -> int:
    """Return the frame at ``address``. Raises EINVAL if none is mapped, or not for this access."""
    ptep = await pte_offset_map_lock(cpu, vma.vm_mm, address)
    if ptep is None:
        raise KernelError(Errno.EINVAL)
    pte = await ptep_get(cpu, ptep)
    pte_unmap_unlock(cpu, vma.vm_mm)
    if not pte_present(pte) or write and not pte_write(pte):
        raise KernelError(Errno.EINVAL)
    return pte_pfn(kconfig(cpu).paging, pte)


@traced
async def generic_access_phys(cpu: Cpu, vma: vm_area_struct, addr: int, buf: int, length: int,
                              write: bool) -> int:
    """Copy between ``addr`` of a process and the kernel's ``buf``, past the process's entries.

    The frames are those that follow the first, whose entry is looked at alone. Returns the bytes
    done; 0 if nothing is mapped, for a write to what the entry keeps from the process, and behind
    the end of memory.
    """
    try:
        pfn = await _follow_pfnmap(cpu, vma, addr, write)
    except KernelError:
        return 0
    done = 0
    while done < length:
        frame, offset = divmod((pfn << PAGE_SHIFT) + addr % PAGE_SIZE + done, PAGE_SIZE)
        if frame >= mem_map(cpu).max_pfn:
            break
        size  = min(length - done, PAGE_SIZE - offset)
        maddr = await kmap_local_page(cpu, pfn_to_page(cpu, frame)) + offset
        to, from_ = (maddr, buf + done) if write else (buf + done, maddr)
        await rep_movs(cpu, to, from_, size)
        await kunmap_local(cpu, maddr - offset)
        done += size
    return done
