"""access_remote_vm: the memory of any process, through the kernel's own mappings.

Ref: Linux 6.12, mm/memory.c (__access_remote_vm).
"""

from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.errno import KernelError
from sw.include.asm_generic.cacheflush import copy_from_user_page, copy_to_user_page
from sw.include.linux.mm_types import FOLL_WRITE, mm_struct, page, vm_area_struct
from sw.include.linux.mmap_lock import mmap_read_lock_killable, mmap_read_unlock
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.gup.pages import get_user_page_vma_remote
from sw.mm.mmap.find import vma_lookup
from sw.mm.mmap.stack import expand_stack
from sw.mm.page_alloc import put_page
from sw.mm.page_writeback import set_page_dirty_lock
from sw.processor.cpu import Cpu


__all__ = ["access_remote_vm"]


async def _access_page(cpu: Cpu, vma: vm_area_struct, folio: page, addr: int, buf: int,
                       length: int, gup_flags: int) -> None:
    """Copy within one page, which the caller holds a reference on."""
    kernel = kconfig(cpu).era.kernel_mapping
    offset = addr % PAGE_SIZE
    maddr  = await kernel.map_page(cpu, folio)
    if gup_flags & FOLL_WRITE:
        await copy_to_user_page(cpu, vma, folio, addr, maddr + offset, buf, length)
        set_page_dirty_lock(folio)
    else:
        await copy_from_user_page(cpu, vma, folio, addr, buf, maddr + offset, length)
    await kernel.unmap_page(cpu, folio, maddr)


async def _access_without_page(cpu: Cpu, vma: vm_area_struct, addr: int, buf: int, length: int,
                               gup_flags: int) -> int:
    """Let the mapping's owner copy, if it can: memory of devices. Returns bytes done."""
    if vma.vm_ops is None or vma.vm_ops.access is None:
        return 0
    write = bool(gup_flags & FOLL_WRITE)
    return max(0, await vma.vm_ops.access(cpu, vma, addr, buf, length, write))


async def _access_pages(cpu: Cpu, mm: mm_struct, addr: int, buf: int, length: int,
                        gup_flags: int) -> tuple[int, bool]:
    """Copy page by page. Returns the bytes done, and whether ``mmap_lock`` is still held."""
    done = 0
    while done < length:
        at = addr + done
        try:
            folio, vma = await get_user_page_vma_remote(cpu, mm, at, gup_flags)
        except KernelError:
            mapping = vma_lookup(mm, at)
            if mapping is None and not kconfig(cpu).era.gup_expands_stack:
                if await expand_stack(cpu, mm, at) is None:
                    return done, False
                continue
            size = 0
            if mapping is not None:
                size = await _access_without_page(cpu, mapping, at, buf + done, length - done,
                                                  gup_flags)
            if size == 0:
                break
            done += size
            continue
        size = min(length - done, PAGE_SIZE - at % PAGE_SIZE)
        try:
            await _access_page(cpu, vma, folio, at, buf + done, size, gup_flags)
        finally:
            put_page(cpu, folio)
        done += size
    return done, True


@traced
async def __access_remote_vm(cpu: Cpu, mm: mm_struct, addr: int, buf: int, length: int,
                             gup_flags: int) -> int:
    """Copy between ``addr`` of an address space and the kernel's ``buf``; return the bytes done.

    There is no error: whatever stops the copy makes it short.
    """
    try:
        await mmap_read_lock_killable(cpu, mm)
    except KernelError:
        return 0
    if (not kconfig(cpu).era.gup_expands_stack and vma_lookup(mm, addr) is None
            and await expand_stack(cpu, mm, addr) is None):
        return 0
    done, locked = await _access_pages(cpu, mm, addr, buf, length, gup_flags)
    if locked:
        mmap_read_unlock(cpu, mm)
    return done


@traced
async def access_remote_vm(cpu: Cpu, mm: mm_struct, addr: int, buf: int, length: int,
                           gup_flags: int) -> int:
    """Access another process's memory, which the caller keeps alive.

    Parameters
    ----------
    addr : :class:`int`
        Linear address in ``mm``.
    buf : :class:`int`
        Linear address of the kernel's own memory.
    length : :class:`int`
        In bytes; pages may be crossed.
    gup_flags : :class:`int`
        FOLL_WRITE to write to ``addr``; FOLL_FORCE.

    Returns
    -------
    :class:`int`
        Bytes copied, from the first on.
    """
    return await __access_remote_vm(cpu, mm, addr, buf, length, gup_flags)
