"""The kernel's own records of an address: the mapping that it is in, and the page behind it.

They are no part of the record of the ports, but Python objects: they are as the kernel has them
when it is asked, and so belong to the cycle in which the machine then is.
"""

from dataclasses import dataclass

from sw.arch.x86.include.asm.page import __pa as physical_of
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.mm.highmem_32 import (
    FIX_KMAP_BEGIN, KM_MAX_IDX, highmem, pkmap_addr, pkmap_nr,
)
from sw.arch.x86.mm.tlb import cpu_tlbstate
from sw.fs.ramfs.inode import rootfs
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.fs import address_space
from sw.include.linux.mm import VM_EXEC, VM_GROWSDOWN, VM_READ, VM_SHARED, VM_WRITE
from sw.include.linux.mm_types import (
    folio_test_large, mm_struct, page, page_folio, vm_area_struct,
)
from sw.kconfig import kconfig
from sw.kernel.pid import init_pid_ns
from sw.mm.huge_memory.zero import huge_zero_folio
from sw.mm.memory.mem_map import empty_zero_page, is_zero_pfn, mem_map
from sw.mm.mmap.find import vma_lookup
from sw.mm.page_alloc import node_zones
from sw.processor.cpu import Cpu
from sw.variables import this_cpu_ptr


__all__ = ["Area", "Frame", "KernelRecords", "kernel_records"]


@dataclass(frozen=True)
class Area:
    """A range of linear addresses that have one purpose: a mapping, or an area of the kernel.

    Attributes
    ----------
    start, end : :class:`int`
        First address, and the one behind the last.
    name : :class:`str`
        What it is, such as "anonymous", a file's path, or "linear map".
    access : :class:`str`
        Rights of a mapping as ``/proc/<pid>/maps`` has them, "r--p"; empty for the kernel's areas.
    offset : :class:`int` or :class:`None`
        Byte of the file that the page of the address begins with; None if there is no file.
    owner : :class:`str`
        Tasks whose address space it is in, with their numbers; empty for the kernel's areas.
    """

    start:  int
    end:    int
    name:   str
    access: str        = ""
    offset: int | None = None
    owner:  str        = ""


@dataclass(frozen=True)
class Frame:
    """Record of a frame of 4 KiB (``struct page``).

    Attributes
    ----------
    physical : :class:`int`
        Its first byte.
    use : :class:`str`
        What it holds: "anonymous", "anonymous, frame 5 of a huge page", "page 0 of /libc", "page of
        zeros", "huge page of zeros", "the kernel's", "the kernel's since boot" (with no references
        counted), or "free".
    exclusive : :class:`bool` or :class:`None`
        An anonymous page of one address space only (PageAnonExclusive); None if not anonymous.
    refcount, mapcount : :class:`int`
        References, of a huge page on all of it; and entries of processes' page tables that map it.
    """

    physical:  int
    use:       str
    exclusive: bool | None
    refcount:  int
    mapcount:  int


@dataclass(frozen=True)
class KernelRecords:
    """Records of an address. None: it is in no mapping, or no frame of memory is behind it."""

    area:  Area  | None
    frame: Frame | None


def kernel_records(cpu: Cpu, linear: int, *, cr3: int,
                   physical: int | None) -> KernelRecords | None:
    """Records of ``linear`` with these page tables, which lead to ``physical`` if they do.

    None, if the kernel of ``cpu`` is not up yet.
    """
    if cpu.gs_base is None or empty_zero_page not in cpu.gs_base.image:
        return None
    frames = mem_map(cpu)
    frame  = None
    if physical is not None and physical >> PAGE_SHIFT < frames.max_pfn:
        frame = _frame(cpu, frames[physical >> PAGE_SHIFT])
    if linear >= kconfig(cpu).paging.TASK_SIZE:
        return KernelRecords(_kernel_area(cpu, linear), frame)
    mm  = _address_space(cpu, cr3)
    vma = None if mm is None else vma_lookup(mm, linear)
    return KernelRecords(None if vma is None else _mapping(cpu, vma, linear), frame)


def _address_space(cpu: Cpu, cr3: int) -> mm_struct | None:
    """The address space whose root table is in ``cr3``: one of a task, or loaded without one."""
    root  = cr3 & kconfig(cpu).paging.CR3_ADDR_MASK
    found = [this_cpu_ptr(cpu, cpu_tlbstate).loaded_mm,
             *(task.mm for task in init_pid_ns(cpu).tasks.values())]
    return next((mm for mm in found if mm is not None and mm.pgd
                 and physical_of(cpu, mm.pgd) == root), None)


def _mapping(cpu: Cpu, vma: vm_area_struct, linear: int) -> Area:
    letters = ((VM_READ, "r"), (VM_WRITE, "w"), (VM_EXEC, "x"))
    access  = "".join(letter if vma.vm_flags & flag else "-" for flag, letter in letters)
    name, offset = "stack" if vma.vm_flags & VM_GROWSDOWN else "anonymous", None
    if vma.vm_file is not None:
        name   = _path(cpu, vma.vm_file.f_inode.i_mapping)
        offset = (vma.vm_pgoff << PAGE_SHIFT) + (linear & PAGE_MASK) - vma.vm_start
    owners = [f"{task.comm} ({task.pid})" for task in init_pid_ns(cpu).tasks.values()
              if task.mm is vma.vm_mm]
    return Area(vma.vm_start, vma.vm_end, name, access + "ps"[bool(vma.vm_flags & VM_SHARED)],
                offset, ", ".join(owners))


def _kernel_area(cpu: Cpu, linear: int) -> Area | None:
    """The area of the kernel that ``linear`` is in."""
    paging, frames = kconfig(cpu).paging, mem_map(cpu)
    lowmem_end = paging.PAGE_OFFSET + (frames.max_low_pfn << PAGE_SHIFT)
    if paging.PAGE_OFFSET <= linear < lowmem_end:
        return Area(paging.PAGE_OFFSET, lowmem_end, "linear map")
    if frames.max_low_pfn == frames.max_pfn:
        return None
    if pkmap_addr(paging, 0) <= linear < pkmap_addr(paging, paging.LAST_PKMAP):
        slot  = pkmap_nr(paging, linear)
        count = highmem(cpu).pkmap_count[slot]
        state = {0: "free", 1: "no user", 2: "1 user"}.get(count, f"{count - 1} users")
        return Area(pkmap_addr(paging, slot), pkmap_addr(paging, slot + 1),
                    f"kmap window, slot {slot}, {state}")
    start = linear & PAGE_MASK
    index = (paging.FIXADDR_TOP - start >> PAGE_SHIFT) - FIX_KMAP_BEGIN
    number, slot = divmod(index, KM_MAX_IDX)
    if 0 <= number < len(cpu_online_mask(cpu)):
        return Area(start, start + PAGE_SIZE,
                    f"kmap_local window of processor {number}, slot {slot}")
    return None


def _frame(cpu: Cpu, record: page) -> Frame:
    folio = page_folio(record)
    if is_zero_pfn(cpu, record.pfn):
        use = "page of zeros"
    elif folio is huge_zero_folio(cpu).folio:
        use = "huge page of zeros"
    elif record.anon and folio_test_large(record):
        use = f"anonymous, frame {record.pfn - folio.pfn} of a huge page"
    elif record.anon:
        use = "anonymous"
    elif record.mapping is not None:
        use = f"page {record.index} of {_path(cpu, record.mapping)}"
    elif folio.refcount:
        use = "the kernel's"
    else:
        free = any(zone.is_free(record.pfn) for zone in node_zones(cpu))
        use  = "free" if free else "the kernel's since boot"
    whole     = folio.entire_mapcount
    exclusive = (folio if whole else record).anon_exclusive
    return Frame(record.pfn << PAGE_SHIFT, use, exclusive if record.anon else None,
                 folio.refcount, record.mapcount + whole)


def _path(cpu: Cpu, pages: address_space | None) -> str:
    """Path of the file with these ``pages``; shared anonymous memory is a file without a name."""
    return next((path for path, node in rootfs(cpu).items() if node.i_mapping is pages),
                "shared anonymous")
