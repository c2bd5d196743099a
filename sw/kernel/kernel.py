"""The state of one kernel, and how it starts.

Ref: Linux 6.12, init/main.c, arch/x86/kernel/setup.c.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from sw.arch.x86.entry import trap_init
from sw.arch.x86.include.irqflags import local_irq_enable
from sw.arch.x86.include.pgtable_types import Paging
from sw.arch.x86.kernel.head import startup
from sw.arch.x86.kernel.smpboot import bringup_nonboot_cpus, start_secondary, wait_for_startup
from sw.fs.proc.base import early_proc_mem_force_override
from sw.mm.mm_types import PAGE_SHIFT, PAGE_SIZE, mm_struct, page
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL, alloc_page, mem_map, zone

from .ftrace import traced
from .idle import cpu_startup_entry, init_idle
from .syscalls import sys_call_table

if TYPE_CHECKING:
    from sw.arch.x86.kernel.cpu import Cpu
    from sw.arch.x86.mm.highmem_32 import highmem_areas
    from sw.era import Era

    from .sched import task_struct


__all__ = ["Kernel", "start_kernel"]


class Kernel:
    """One kernel on one machine.

    Parameters
    ----------
    paging : :class:`sw.arch.x86.include.pgtable_types.Paging`
        Format of the page tables.
    ram_bytes : :class:`int`
        Physical memory, from address 0 without holes; whole pages.
    era : :class:`sw.era.Era`
        Rules of which versions.
    highmem_bytes : :class:`int` or :class:`None`
        Memory at the end of it to keep out of the linear map (``highmem=``). None: as little as
        possible.
    proc_mem_force_override : :class:`str`
        Who may write through /proc/<pid>/mem against protection: "always", "ptrace" or "never"
        (``proc_mem.force_override=``). Another word is ignored, as by Linux: it leaves "always".

    Attributes
    ----------
    lowmem_bytes : :class:`int`
        Memory in the linear map.
    mem_map : :class:`sw.mm.page_alloc.mem_map`
        Records of the frames, by number.
    zones : :class:`list` of :class:`sw.mm.page_alloc.zone`
        Normal, and high memory if there is any.
    highmem : :class:`sw.arch.x86.mm.highmem_32.highmem_areas`
        Windows to high memory. Only in a kernel that has any.
    init_mm : :class:`sw.mm.mm_types.mm_struct`
        The kernel's own tables.
    kernel_pgd_indices : :class:`tuple` of :class:`int`
        Entries of the root table that all address spaces share.
    zero_page : :class:`sw.mm.mm_types.page`
        A frame of zeros that nobody writes.
    cpus : :class:`list` of :class:`sw.arch.x86.kernel.cpu.Cpu`
        Processors that are online, by number.
    cr_pinning, cr4_pinned_bits : :class:`bool`, :class:`int`
        Protections are not to be turned off any more; which bits of CR4 those are.
    sys_call_table : :class:`dict`
        System calls by number.
    tasks : :class:`dict`
        Tasks by number.
    last_pid : :class:`int`
        Number of the youngest task.
    rootfs : :class:`dict`
        Files by path.
    log : :class:`list` of :class:`str`
        Warnings (dmesg).
    """

    highmem:   highmem_areas
    zero_page: page

    def __init__(
        self, paging: Paging, ram_bytes: int, era: Era, *,
        highmem_bytes: int | None = None, proc_mem_force_override: str = "always",
    ):
        least = max(0, ram_bytes - paging.MAXMEM)
        if highmem_bytes is None:
            highmem_bytes = least
        if ram_bytes % PAGE_SIZE or highmem_bytes % PAGE_SIZE:
            raise ValueError(f"memory must be whole pages, not {ram_bytes!r}, {highmem_bytes!r}")
        if not least <= highmem_bytes < ram_bytes or highmem_bytes and not paging.PKMAP_BASE:
            raise ValueError(f"highmem_bytes cannot be {highmem_bytes!r}")
        if paging.entry_size == 4 and ram_bytes > 1 << 32:
            raise ValueError(f"a 32-bit kernel cannot use {ram_bytes!r} bytes of memory")

        self.paging       = paging if era.saved_dirty else replace(paging, SAVED_DIRTY=0)
        self.era          = era
        self.ram_bytes    = ram_bytes
        self.lowmem_bytes = ram_bytes - highmem_bytes

        self.mem_map = mem_map(self.lowmem_bytes >> PAGE_SHIFT, ram_bytes >> PAGE_SHIFT)
        self.zones: list[zone] = []
        self.init_mm = mm_struct(self)
        self.kernel_pgd_indices: tuple[int, ...] = ()

        self.cpus: list[Cpu]  = []
        self.cr_pinning       = False
        self.cr4_pinned_bits  = 0
        self.log: list[str]   = []

        self.proc_mem_force_override = early_proc_mem_force_override(proc_mem_force_override)
        self.sys_call_table: dict[int, Callable[..., Awaitable[int]]] = dict(sys_call_table)
        self.last_pid = 0
        self.tasks:  dict[int, task_struct] = {}
        self.rootfs: dict[str, Any]         = {}

    async def boot(self, cpu: Cpu, *others: Cpu) -> None:
        """Start on ``cpu``, whose machine has just been reset; then bring up the others.

        Each of them must be executing :meth:`secondary`.
        """
        self.cpus.append(cpu)
        await start_kernel(cpu)
        await bringup_nonboot_cpus(cpu, others)

    async def secondary(self, cpu: Cpu) -> NoReturn:
        """Be another processor, from reset on: wait to be started, then for work, for ever."""
        await wait_for_startup(cpu)
        await start_secondary(cpu)
        await cpu_startup_entry(cpu)


@traced
async def start_kernel(cpu: Cpu) -> None:
    """Bring the kernel up: paging, exceptions, free memory."""
    kernel  = cpu.kernel
    end_pfn = await startup(cpu)
    trap_init(cpu)
    kernel.zones = [zone("Normal", end_pfn, kernel.mem_map.max_low_pfn)]
    if kernel.lowmem_bytes < kernel.ram_bytes:
        kernel.zones.append(zone("HighMem", kernel.mem_map.max_low_pfn, kernel.mem_map.max_pfn))
    kernel.zero_page = await alloc_page(cpu, GFP_KERNEL | __GFP_ZERO)
    init_idle(cpu)
    await local_irq_enable(cpu)
