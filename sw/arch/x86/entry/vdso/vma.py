"""The vDSO, code of the kernel for programs to call, and vvar, the data that this code reads.

Ref: Linux 6.12, arch/x86/entry/vdso/vma.c.

The code is no code: its pages begin as an ELF file does, and are zeros. The data is the time, which
stands still.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.errno import Errno, KernelError
from sw.include.linux.mm import (
    VM_DONTDUMP, VM_EXEC, VM_IO, VM_MAYEXEC, VM_MAYREAD, VM_MAYWRITE, VM_PFNMAP, VM_READ,
)
from sw.include.linux.mm_types import (
    VM_FAULT_SIGBUS, mm_struct, page, vm_area_struct, vm_fault, vm_operations_struct,
)
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import kmap_local_page, kunmap_local
from sw.mm.mmap.special import _install_special_mapping, vmf_insert_pfn
from sw.mm.mmap.unmapped_area import get_unmapped_area
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL, alloc_page, get_page
from sw.processor.cpu import Cpu
from sw.processor.strings import store_bytes
from sw.variables import DEFINE


__all__ = ["arch_setup_additional_pages", "vdso_enabled"]


#: Whether programs get them (the boot parameter ``vdso=``).
vdso_enabled = DEFINE(lambda: False)

#: Pages of the code; and behind them the one page of data that there is.
vdso_pages: DEFINE[list[page]] = DEFINE(list)

_VDSO_PAGES = 2

#: Pages of data that Linux has: the time, that of two hypervisors, that of a namespace.
_VVAR_PAGES = 4


async def init_vdso_image(cpu: Cpu) -> None:
    """Make the pages, before the first process. Raises ENOMEM."""
    pages = [await alloc_page(cpu, GFP_KERNEL | __GFP_ZERO) for _ in range(_VDSO_PAGES + 1)]
    kaddr = await kmap_local_page(cpu, pages[0])
    await store_bytes(cpu, kaddr, b"\x7fELF")
    await kunmap_local(cpu, kaddr)
    vdso_pages(cpu).extend(pages)


@traced
async def vdso_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Find a page of the code: one for all processes, until one of them gets a copy."""
    vmf.page = vdso_pages(cpu)[vmf.pgoff]
    get_page(cpu, vmf.page)
    return 0


@traced
async def vvar_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Map the page of data. There is neither a hypervisor nor a namespace: SIGBUS for the rest."""
    if vmf.pgoff:
        return VM_FAULT_SIGBUS
    return await vmf_insert_pfn(cpu, vmf, vdso_pages(cpu)[_VDSO_PAGES].pfn)


def special_mapping_split(cpu: Cpu, vma: vm_area_struct, addr: int) -> None:
    """Refuse to be cut: EINVAL."""
    raise KernelError(Errno.EINVAL)


vdso_mapping = vm_operations_struct(fault=vdso_fault, may_split=special_mapping_split,
                                    name="[vdso]")
vvar_mapping = vm_operations_struct(fault=vvar_fault, may_split=special_mapping_split,
                                    name="[vvar]")


async def arch_setup_additional_pages(cpu: Cpu, mm: mm_struct) -> None:
    """Map both into a new address space, the data below the code. Raises ENOMEM.

    The code is private and may become writable, so that a debugger can set breakpoints in it. The
    data is frames without pages, which nobody gets by get_user_pages.
    """
    if not vdso_pages(cpu):
        await init_vdso_image(cpu)
    vvar, vdso = _VVAR_PAGES * PAGE_SIZE, _VDSO_PAGES * PAGE_SIZE
    addr = get_unmapped_area(cpu, mm, 0, vvar + vdso, 0)
    _install_special_mapping(cpu, mm, addr, vvar, VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP
                             | VM_PFNMAP, vvar_mapping)
    _install_special_mapping(cpu, mm, addr + vvar, vdso, VM_READ | VM_EXEC | VM_MAYREAD
                             | VM_MAYWRITE | VM_MAYEXEC, vdso_mapping)
