"""A kernel as it is built, and started on a machine.

Ref: Linux 6.12, arch/x86/kernel/setup.c (memory and boot parameters).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from sw.arch.x86.entry.vdso.vma import vdso_enabled
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.arch.x86.kernel.cpu.common import cpu_caps_cleared, cr0_write_protect
from sw.arch.x86.kernel.setup_percpu import setup_per_cpu_areas
from sw.arch.x86.kernel.smpboot import start_secondary, wait_for_startup
from sw.fs.proc.base import early_proc_mem_force_override, proc_mem_force_override
from sw.init.main import start_kernel
from sw.kconfig import Era, Kconfig, kconfig
from sw.kernel.cpu import bringup_nonboot_cpus
from sw.kernel.sched.idle import cpu_startup_entry
from sw.mm.huge_memory import policy
from sw.mm.hugetlb.pool import default_hstate_max_huge_pages
from sw.mm.memory import file_fault
from sw.mm.memory.mem_map import frames, mem_map
from sw.mm.util import OVERCOMMIT_MODES, sysctl_overcommit_memory, sysctl_overcommit_ratio
from sw.processor.cpu import Cpu
from sw.security.yama import yama_lsm as yama
from sw.security.yama.yama_lsm import YAMA_SCOPES
from sw.variables import image


__all__ = ["Kernel"]


class Kernel:
    """One kernel for one machine.

    Parameters
    ----------
    paging : :class:`sw.arch.x86.include.asm.pgtable_types.Paging`
        Format of the page tables.
    ram_bytes : :class:`int`
        Physical memory, from address 0 without holes; whole pages.
    era : :class:`sw.kconfig.Era`
        Rules of which versions.
    highmem_bytes : :class:`int` or :class:`None`
        Memory at the end of it to keep out of the linear map (``highmem=``). None: as little as
        possible.
    proc_mem_force_override : :class:`str`
        Policy of writes through /proc/<pid>/mem against protection: "always", "ptrace" or "never"
        (``proc_mem.force_override=``). Another word is ignored, as by Linux: it leaves "always".
    yama_ptrace_scope : :class:`int` or :class:`None`
        Scope of Yama, 0 to 3 (kernel.yama.ptrace_scope). None: a kernel without Yama.
    transparent_hugepage : :class:`str`
        Mappings that get huge pages: "always", "madvise" (those whose program asks for it) or
        "never" (``transparent_hugepage=``). Another word is ignored: it leaves "madvise".
    hugepages : :class:`int`
        Huge pages of the pool that MAP_HUGETLB takes them from (``hugepages=``), if there is memory
        for as many. None by default, as in Linux.
    fault_around_bytes : :class:`int`
        Bytes of a file that a read fault maps, if they are in memory: a power of two of pages, up
        to a table of them. Linux is built with 65536.
    overcommit_memory : :class:`int` or :class:`None`
        How much private memory is promised: 0, as long as it could be; 1, anything; 2, what there
        is (vm.overcommit_memory). None: nothing is accounted. Linux begins with 0.
    overcommit_ratio : :class:`int`
        Percent of the memory that there is, for 2 (vm.overcommit_ratio).
    vdso : :class:`bool`
        Programs get a vDSO, and vvar below it (``vdso=``). Linux gives it to them by default.
    clearcpuid : :class:`int`
        X86_FEATURE_* that it does without, though the machine has them (``clearcpuid=``; before
        5.19 ``nosmap``, ``nosmep``, ``noexec=off``).
    write_protect : :class:`bool`
        It sets CR0.WP. Linux always does.

    Attributes
    ----------
    lowmem_bytes : :class:`int`
        Memory in the linear map.
    image : :class:`sw.variables.image`
        Its variables.
    """

    def __init__(
        self, paging: Paging, ram_bytes: int, era: Era, *,
        highmem_bytes: int | None = None, proc_mem_force_override: str = "always",
        transparent_hugepage: str = "madvise", hugepages: int = 0,
        yama_ptrace_scope: int | None = None, fault_around_bytes: int = PAGE_SIZE,
        vdso: bool = False, overcommit_memory: int | None = None, overcommit_ratio: int = 50,
        clearcpuid: int = 0, write_protect: bool = True,
    ):
        least = max(0, ram_bytes - paging.MAXMEM)
        if highmem_bytes is None:
            highmem_bytes = least
        if ram_bytes % PAGE_SIZE or highmem_bytes % PAGE_SIZE:
            raise ValueError(f"memory must be whole pages, not {ram_bytes!r}, {highmem_bytes!r}")
        if not least <= highmem_bytes < ram_bytes or highmem_bytes and not paging.PKMAP_BASE:
            raise ValueError(f"highmem_bytes cannot be {highmem_bytes!r}")
        if ram_bytes > 1 << paging.MAX_PHYSMEM_BITS:
            raise ValueError(f"a {paging.name} kernel cannot use {ram_bytes!r} bytes of memory")
        if yama_ptrace_scope is not None and yama_ptrace_scope not in YAMA_SCOPES:
            raise ValueError(f"yama_ptrace_scope is 0 to 3, not {yama_ptrace_scope!r}")
        if hugepages < 0:
            raise ValueError(f"hugepages cannot be {hugepages!r}")
        if overcommit_memory is not None and overcommit_memory not in OVERCOMMIT_MODES:
            raise ValueError(f"overcommit_memory is 0 to 2, not {overcommit_memory!r}")
        if overcommit_ratio < 0:
            raise ValueError(f"overcommit_ratio cannot be {overcommit_ratio!r}")
        if fault_around_bytes.bit_count() != 1 or not (
                PAGE_SIZE <= fault_around_bytes <= paging.entries * PAGE_SIZE):
            raise ValueError(f"fault_around_bytes cannot be {fault_around_bytes!r}")

        self.paging       = paging if era.saved_dirty else replace(paging, SAVED_DIRTY=0)
        self.era          = era
        self.ram_bytes    = ram_bytes
        self.lowmem_bytes = ram_bytes - highmem_bytes
        self.image        = image()
        self._set_variables(proc_mem_force_override)
        self.image.set(yama.yama_ptrace_scope, yama_ptrace_scope)
        self.image.set(policy.transparent_hugepage,
                       policy.setup_transparent_hugepage(transparent_hugepage))
        self.image.set(default_hstate_max_huge_pages, hugepages)
        self.image.set(file_fault.fault_around_bytes, fault_around_bytes)
        self.image.set(vdso_enabled, vdso)
        self.image.set(sysctl_overcommit_memory, overcommit_memory)
        self.image.set(sysctl_overcommit_ratio, overcommit_ratio)
        self.image.set(cpu_caps_cleared, clearcpuid)
        self.image.set(cr0_write_protect, write_protect)

    def _set_variables(self, force_override: str) -> None:
        """Set the variables that follow from the other parameters."""
        memory = frames(self.lowmem_bytes >> PAGE_SHIFT, self.ram_bytes >> PAGE_SHIFT)
        forced = early_proc_mem_force_override(force_override)
        self.image.set(kconfig, Kconfig(self.paging, self.era))
        self.image.set(mem_map, memory)
        self.image.set(proc_mem_force_override, forced)

    async def boot(self, cpu: Cpu, *others: Cpu) -> None:
        """Start on ``cpu``, whose machine has just been reset; then bring up the others.

        Each of them must be executing :meth:`secondary`.
        """
        setup_per_cpu_areas(self.image, (cpu, *others))
        await start_kernel(cpu)
        await bringup_nonboot_cpus(cpu, others)

    async def secondary(self, cpu: Cpu) -> NoReturn:
        """Be another processor, from reset on: wait to be started, then for work, for ever."""
        await wait_for_startup(cpu)
        await start_secondary(cpu)
        await cpu_startup_entry(cpu)
