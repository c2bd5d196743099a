"""memfd_secret(): memory that the kernel itself cannot reach but through its owner's tables.

Ref: Linux 6.12, mm/secretmem.c.

Its pages are taken out of the linear map, and get_user_pages refuses them. Only 64-bit kernels have
it here, whose processes share all tables of the linear map.
"""

from sw.arch.x86.include.asm.current import current, current_mm
from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.mm.pat.set_memory import (
    set_direct_map_default_noflush, set_direct_map_invalid_noflush,
)
from sw.arch.x86.mm.tlb import flush_tlb_kernel_range
from sw.errno import Errno, KernelError
from sw.fs.file import fd_install, get_unused_fd_flags
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, O_CLOEXEC, O_LARGEFILE, O_RDWR, S_IFREG, address_space,
    address_space_operations, file, file_operations, inode, inode_operations,
)
from sw.include.linux.mm import VM_DONTDUMP, VM_LOCKED, VM_MAYSHARE, VM_SHARED
from sw.include.linux.mm_types import (
    VM_FAULT_OOM, VM_FAULT_SIGBUS, page, vm_area_struct, vm_fault, vm_operations_struct,
)
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .highmem import clear_highpage
from .mmap.limits import mlock_future_ok
from .page_alloc import __GFP_ZERO, GFP_HIGHUSER, alloc_page, get_page, put_page
from .truncate import truncate_setsize


__all__ = ["folio_is_secretmem", "secretmem_vm_ops", "sys_memfd_secret", "vma_is_secretmem"]


#: What tells its pages from those of other files.
secretmem_aops = address_space_operations()


def vma_is_secretmem(vma: vm_area_struct) -> bool:
    """Tell whether it is of secret memory."""
    return vma.vm_ops is secretmem_vm_ops


def folio_is_secretmem(folio: page) -> bool:
    """Tell whether a page is secret memory."""
    return folio.mapping is not None and folio.mapping.a_ops is secretmem_aops


async def _reveal(cpu: Cpu, folio: page) -> None:
    """Give a page back to the linear map, and forget what was in it."""
    await set_direct_map_default_noflush(cpu, folio)
    await clear_highpage(cpu, folio)
    folio.mapping = None
    put_page(cpu, folio)


async def _secret_page(cpu: Cpu, mapping: address_space, index: int) -> page:
    """Return page ``index``; a new one is zeros, and in no processor's linear map. ENOMEM."""
    if index not in mapping.i_pages:
        new = await alloc_page(cpu, GFP_HIGHUSER | __GFP_ZERO)
        try:
            await set_direct_map_invalid_noflush(cpu, new)
        except KernelError:
            put_page(cpu, new)
            raise
        if index in mapping.i_pages:  # somebody else was faster
            await _reveal(cpu, new)
        else:
            new.mapping, new.index = mapping, index
            mapping.i_pages[index] = new
            addr = page_to_virt(cpu, new)
            await flush_tlb_kernel_range(cpu, addr, addr + PAGE_SIZE)
    return mapping.i_pages[index]


@traced
async def secretmem_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Find the page that belongs at the address. Behind the last page there is none: SIGBUS."""
    assert vmf.vma.vm_file is not None
    node = vmf.vma.vm_file.f_inode
    if vmf.pgoff << PAGE_SHIFT >= node.i_size:
        return VM_FAULT_SIGBUS
    try:
        vmf.page = await _secret_page(cpu, node.i_mapping, vmf.pgoff)
    except KernelError:
        return VM_FAULT_OOM
    get_page(cpu, vmf.page)
    return 0


secretmem_vm_ops = vm_operations_struct(fault=secretmem_fault)


async def secretmem_release(cpu: Cpu, node: inode, filp: file) -> None:
    """Free the pages, with the last descriptor and mapping."""
    assert node.i_mapping is not None
    while node.i_mapping.i_pages:
        await _reveal(cpu, node.i_mapping.i_pages.popitem()[1])


def secretmem_mmap(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Set up a mapping, which is locked. EINVAL for a private one, EAGAIN above the limit."""
    if not vma.vm_flags & (VM_SHARED | VM_MAYSHARE):
        raise KernelError(Errno.EINVAL)
    length = vma.vm_end - vma.vm_start
    if not mlock_future_ok(cpu, current_mm(cpu), vma.vm_flags | VM_LOCKED, length):
        raise KernelError(Errno.EAGAIN)
    vma.vm_flags |= VM_LOCKED | VM_DONTDUMP
    vma.vm_ops    = secretmem_vm_ops


async def secretmem_setattr(cpu: Cpu, node: inode, size: int) -> None:
    """Give the file its size, which it keeps from then on: EINVAL."""
    if node.i_size:
        raise KernelError(Errno.EINVAL)
    await truncate_setsize(cpu, node, size)


secretmem_iops = inode_operations(setattr=secretmem_setattr)
secretmem_fops = file_operations(release=secretmem_release, mmap=secretmem_mmap)


async def sys_memfd_secret(cpu: Cpu, flags: int) -> int:
    """Make secret memory; the result is its descriptor, to map it by.

    Raises EINVAL for other flags than O_CLOEXEC, EMFILE; ENOSYS on a 32-bit kernel.
    """
    if not kconfig(cpu).paging.X86_64:
        raise KernelError(Errno.ENOSYS)
    if flags & ~O_CLOEXEC:
        raise KernelError(Errno.EINVAL)
    fd   = get_unused_fd_flags(cpu, flags)
    node = inode(S_IFREG | 0o600, current(cpu).cred.fsuid, secretmem_fops, secretmem_iops,
                 i_mapping=address_space(a_ops=secretmem_aops))
    fd_install(cpu, fd, file(node, secretmem_fops, FMODE_READ | FMODE_WRITE,
                             O_RDWR | O_LARGEFILE, f_path="/secretmem (deleted)"))
    return fd
