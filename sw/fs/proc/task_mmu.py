"""/proc/<pid>/maps and pagemap: mappings and entries of an address space.

Ref: Linux 6.12, fs/proc/task_mmu.c; Documentation/admin-guide/mm/pagemap.rst.

Devices and inodes have no numbers here: both are 0.
"""

from dataclasses import dataclass

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import pte_pfn, pte_present, ptep_get
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.errno import Errno, KernelError
from sw.fs.seq_file import copy_out, seq_lseek, seq_read
from sw.include.linux.capability import CAP_SYS_ADMIN
from sw.include.linux.fs import file, file_operations, inode
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import VM_EXEC, VM_MAYSHARE, VM_READ, VM_WRITE
from sw.include.linux.mm_types import mm_struct, page, vm_area_struct
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.include.linux.ptrace import PTRACE_MODE_READ_FSCREDS
from sw.kconfig import kconfig
from sw.kernel.capability import capable
from sw.kernel.fork.mm import mmdrop, mmget_not_zero, mmput
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.zero import is_huge_zero_pmd
from sw.mm.memory.vm_page import vm_normal_page
from sw.mm.mmap.find import vma_lookup
from sw.mm.mmap.limits import locked_vm, total_vm
from sw.mm.pagewalk import walk_page_range
from sw.processor.cpu import Cpu

from .base import mem_lseek, mem_release, proc_mem_open


__all__ = ["proc_pagemap_operations", "proc_pid_maps_operations", "task_mem"]


PM_MMAP_EXCLUSIVE = 1 << 56  #: No other entry maps the page.
PM_FILE           = 1 << 61  #: It is a file's, or shared memory's.
PM_PRESENT        = 1 << 63

#: Bytes of an entry of pagemap.
PM_ENTRY_BYTES = 8


# maps

@dataclass(eq=False, slots=True)
class proc_maps_private:
    """An open maps file: the address space, if the task has one, and the text as last read."""

    mm:   mm_struct | None
    text: str | None = None


async def maps_open(cpu: Cpu, node: inode, filp: file) -> None:
    """Remember the task's address space. Raises EACCES. A task without one has an empty file."""
    filp.private_data = proc_maps_private(
        await proc_mem_open(cpu, node, PTRACE_MODE_READ_FSCREDS))


async def maps_release(cpu: Cpu, node: inode, filp: file) -> None:
    """Let go of the address space."""
    if filp.private_data.mm is not None:
        await mmdrop(cpu, filp.private_data.mm)


def _name(mm: mm_struct, vma: vm_area_struct) -> str:
    """Return what a mapping is called: by its file, its operations, or its place."""
    if vma.vm_file is not None:
        path: str = vma.vm_file.f_path
        return path
    if vma.vm_ops is not None and vma.vm_ops.name:
        return vma.vm_ops.name
    return "[heap]" if vma.vm_start < mm.brk and vma.vm_end > mm.start_brk else ""


def show_map_vma(cpu: Cpu, mm: mm_struct, vma: vm_area_struct) -> str:
    """Return the line of one mapping."""
    letters = "".join(letter if vma.vm_flags & flag else "-" for letter, flag in (
        ("r", VM_READ), ("w", VM_WRITE), ("x", VM_EXEC)))
    letters += "s" if vma.vm_flags & VM_MAYSHARE else "p"
    offset = vma.vm_pgoff << PAGE_SHIFT if vma.vm_file is not None else 0
    line   = f"{vma.vm_start:08x}-{vma.vm_end:08x} {letters} {offset:08x} 00:00 0 "
    width  = 25 + 6 * kconfig(cpu).paging.BITS_PER_LONG // 8
    name   = _name(mm, vma)
    return (line.ljust(width) + name if name else line) + "\n"


@traced
async def show_maps(cpu: Cpu, mm: mm_struct | None) -> str:
    """Return the text of the file; nothing for memory that is dead."""
    if mm is None or not mmget_not_zero(mm):
        return ""
    await mmap_read_lock(cpu, mm)
    text = "".join(show_map_vma(cpu, mm, vma) for vma in mm.mmap)
    mmap_read_unlock(cpu, mm)
    await mmput(cpu, mm)
    return text


async def maps_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read the file."""
    priv = filp.private_data

    async def show() -> str:
        return await show_maps(cpu, priv.mm)

    done, pos, priv.text = await seq_read(cpu, filp, buf, count, pos, show, priv.text)
    return done, pos


proc_pid_maps_operations = file_operations(llseek=seq_lseek, read=maps_read, open=maps_open,
                                           release=maps_release)


# pagemap

async def pagemap_open(cpu: Cpu, node: inode, filp: file) -> None:
    """Remember the task's address space. Raises EACCES; ESRCH as for mem."""
    filp.private_data = await proc_mem_open(cpu, node, PTRACE_MODE_READ_FSCREDS)
    if filp.private_data is None and kconfig(cpu).era.mem_open_needs_mm:
        raise KernelError(Errno.ESRCH)


def _normal_page(cpu: Cpu, vma: vm_area_struct, entry: int) -> page | None:
    """Return the page, or the huge page, of a leaf; ``None`` if no reference is counted for it."""
    return None if is_huge_zero_pmd(cpu, entry) else vm_normal_page(cpu, vma, entry)


async def pte_to_pagemap_entry(cpu: Cpu, mm: mm_struct, addr: int, show_pfn: bool) -> int:
    """Return what pagemap says of one page; the frame's number only to those who may know it."""
    vma  = vma_lookup(mm, addr)
    leaf = await lookup_address(cpu, mm.pgd, addr)
    if vma is None or leaf is None or not pte_present(pte := await ptep_get(cpu, leaf[0])):
        return 0
    folio = _normal_page(cpu, vma, pte)
    pfn   = pte_pfn(kconfig(cpu).paging, pte) + (addr % (1 << leaf[1]) >> PAGE_SHIFT)
    entry = PM_PRESENT | (pfn if show_pfn else 0)
    if folio is not None and not folio.anon:
        entry |= PM_FILE
    if folio is not None and folio.mapcount + folio.entire_mapcount == 1:
        entry |= PM_MMAP_EXCLUSIVE
    return entry


@traced
async def pagemap_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read an entry of eight bytes for each page, up to the end of a process's addresses.

    Raises EINVAL for a position or a count that is not a multiple of that.
    """
    mm = filp.private_data
    if mm is None or not mmget_not_zero(mm):
        return 0, pos
    try:
        if pos % PM_ENTRY_BYTES or count % PM_ENTRY_BYTES:
            raise KernelError(Errno.EINVAL)
        first  = pos // PM_ENTRY_BYTES
        behind = min(first + count // PM_ENTRY_BYTES, kconfig(cpu).paging.TASK_SIZE >> PAGE_SHIFT)
        show_pfn = capable(cpu, CAP_SYS_ADMIN)
        data     = b""
        await mmap_read_lock(cpu, mm)
        for number in range(first, behind):
            entry = await pte_to_pagemap_entry(cpu, mm, number << PAGE_SHIFT, show_pfn)
            data += entry.to_bytes(PM_ENTRY_BYTES, "little")
        mmap_read_unlock(cpu, mm)
        done = await copy_out(cpu, buf, data)
        return done, pos + done
    finally:
        await mmput(cpu, mm)


proc_pagemap_operations = file_operations(llseek=mem_lseek, read=pagemap_read, open=pagemap_open,
                                          release=mem_release, unsigned_offset=True)


# status

@traced
async def task_mem(cpu: Cpu, mm: mm_struct) -> str:
    """Return the lines of status about memory: counted from the entries, in KiB."""
    anon = shared = 0

    async def huge(pmdp: int, addr: int, next_: int) -> bool:
        nonlocal anon
        if not is_huge_zero_pmd(cpu, await ptep_get(cpu, pmdp)):
            anon += next_ - addr
        return True

    await mmap_read_lock(cpu, mm)
    for vma in mm.mmap:
        if is_vm_hugetlb_page(vma):
            continue  # their pages are the pool's, and counted there
        for _, _, pte in await walk_page_range(cpu, mm, vma.vm_start, vma.vm_end, huge):
            folio = vm_normal_page(cpu, vma, pte) if pte_present(pte) else None
            if folio is not None and folio.anon:
                anon += PAGE_SIZE
            elif folio is not None:
                shared += PAGE_SIZE
    sizes = {"VmSize": total_vm(mm), "VmLck": locked_vm(mm), "VmRSS": anon + shared,
             "RssAnon": anon}
    mmap_read_unlock(cpu, mm)
    return "".join(f"{name}:\t{size >> 10:8} kB\n" for name, size in sizes.items())
