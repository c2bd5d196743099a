"""From reset to the kernel's own page tables.

Ref: Linux 6.12, arch/x86/kernel/head_64.S, head_32.S, arch/x86/mm/init.c; Intel SDM Vol. 3A,
section 4.1.2 "Paging-Mode Enabling".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sw.arch.x86.include.asm.cpufeatures import (
    EFER_LME, EFER_NX, EFER_SCE, X86_CR0_AM, X86_CR0_ET, X86_CR0_MP, X86_CR0_NE, X86_CR0_PE,
    X86_CR0_PG, X86_CR0_WP, X86_CR4_LA57, X86_CR4_PAE, X86_CR4_PGE, X86_CR4_PSE, X86_FEATURE_LA57,
    X86_FEATURE_LM, X86_FEATURE_NX, X86_FEATURE_PAE, X86_FEATURE_PGE, X86_FEATURE_PSE,
    boot_cpu_has,
)
from sw.arch.x86.include.asm.page import __va
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import pmd_clear
from sw.arch.x86.include.asm.pgtable_types import _PAGE_GLOBAL, _PAGE_NX, Paging
from sw.arch.x86.include.asm.processor import boot_cpu_data
from sw.arch.x86.mm.highmem_32 import highmem, highmem_areas
from sw.arch.x86.mm.init import early_page_tables, init_mem_mapping, setup_pcid
from sw.arch.x86.mm.pgtable import kernel_pgd_indices
from sw.arch.x86.mm.tlb import cpu_tlbstate, initialize_tlbstate_and_flush, load_cr3
from sw.bus import Register
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.mm.memory.mem_map import mem_map
from sw.processor.cpu import Cpu
from sw.processor.strings import store_bytes
from sw.variables import this_cpu_ptr

from .cpu.common import cr0_write_protect, cr4_set_bits, get_cpu_cap, setup_protection


__all__ = ["enable_paging", "startup"]


#: First frame for page tables. Frame 0 is the firmware's.
_FIRST_PFN = 1

#: What a kernel cannot do without, by the levels of its page tables; in words and as a feature.
_REQUIRED: Mapping[int, Mapping[str, int]] = {
    2: {},
    3: {"PAE paging": X86_FEATURE_PAE},
    4: {"long mode": X86_FEATURE_LM},
    5: {"long mode": X86_FEATURE_LM, "5-level paging": X86_FEATURE_LA57},
}

_CR0_STATE = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_AM | X86_CR0_PG


@traced
async def startup(cpu: Cpu) -> int:
    """Turn paging on, in the kernel's own tables, and the protections that the machine has.

    Returns
    -------
    :class:`int`
        First frame that the page tables do not take.
    """
    await _identify(cpu)
    tables = _make_tables(cpu)
    identity = await _store_tables(cpu, tables)
    await enable_paging(cpu, tables.root << PAGE_SHIFT)
    await _take_over(cpu, tables, identity)
    return tables.end_pfn


async def _identify(cpu: Cpu) -> None:
    """Read the machine's features, and leave flags out of entries that it does not have."""
    config, paging = kconfig(cpu), kconfig(cpu).paging
    boot_cpu_data(cpu).x86_capability = await get_cpu_cap(cpu)
    for words, feature in _REQUIRED[len(paging.shifts)].items():
        assert boot_cpu_has(cpu, feature), f"this kernel needs a machine with {words}"
    mask = paging.supported_pte_mask
    if not boot_cpu_has(cpu, X86_FEATURE_NX):
        mask &= ~_PAGE_NX
    if not boot_cpu_has(cpu, X86_FEATURE_PGE):
        mask &= ~_PAGE_GLOBAL
    config.paging = replace(paging, supported_pte_mask=mask)


def _make_tables(cpu: Cpu) -> early_page_tables:
    """Make the linear map, and in a kernel with high memory the tables of its two areas."""
    frames = mem_map(cpu)
    lowmem = frames.max_low_pfn << PAGE_SHIFT
    paging = kconfig(cpu).paging
    tables = early_page_tables(paging, _FIRST_PFN)
    init_mem_mapping(tables, boot_cpu_data(cpu).x86_capability, lowmem)
    if frames.max_low_pfn < frames.max_pfn:
        highmem.set(cpu, highmem_areas(
            last_pkmap        = paging.LAST_PKMAP,
            pkmap_page_table  = __va(cpu, tables.table(paging.PKMAP_BASE, PAGE_SHIFT) * PAGE_SIZE),
            fixmap_page_table = __va(cpu, tables.table(paging.FIXADDR_TOP, PAGE_SHIFT) * PAGE_SIZE),
        ))
    assert tables.end_pfn * PAGE_SIZE < lowmem, "no memory left beside page tables"
    return tables


async def _store_tables(cpu: Cpu, tables: early_page_tables) -> int:
    """Write the tables to physical memory. Returns the index of the identity mapping's entry.

    The instruction after the one that turns paging on is still at its physical address. So the
    first memory is mapped there as well, by the same table.
    """
    paging   = kconfig(cpu).paging
    root     = tables.tables[tables.root]
    identity = paging.index(paging.shifts[0], 0)
    kernel_pgd_indices.set(cpu, tuple(i for i, entry in enumerate(root) if entry))
    root[identity] = root[paging.index(paging.shifts[0], paging.PAGE_OFFSET)]
    for pfn, entries in tables.tables.items():
        raw = b"".join(entry.to_bytes(paging.entry_size, "little") for entry in entries)
        await store_bytes(cpu, pfn << PAGE_SHIFT, raw)
    return identity


def _first_cr4(cpu: Cpu, paging: Paging) -> int:
    """Return the bits of CR4 that choose the paging mode."""
    if len(paging.shifts) == 2:
        return X86_CR4_PSE if boot_cpu_has(cpu, X86_FEATURE_PSE) else 0
    return X86_CR4_PAE | X86_CR4_LA57 * (len(paging.shifts) == 5)


def _efer(cpu: Cpu, paging: Paging) -> int:
    """Return EFER. Entries of 4 bytes have no XD."""
    nx = EFER_NX if paging.entry_size == 8 and boot_cpu_has(cpu, X86_FEATURE_NX) else 0
    return EFER_SCE | EFER_LME | nx if paging.X86_64 else nx


async def enable_paging(cpu: Cpu, root: int) -> None:
    """Set CR4, CR3, EFER and CR0, in the order that the processor demands.

    ``root`` is the physical address of the root table.
    """
    tlbstate     = this_cpu_ptr(cpu, cpu_tlbstate)
    tlbstate.cr4 = _first_cr4(cpu, kconfig(cpu).paging)
    efer         = _efer(cpu, kconfig(cpu).paging)
    await cpu.write_cr(Register.CR4, tlbstate.cr4)
    await cpu.write_cr(Register.CR3, root)
    if efer:
        await cpu.write_cr(Register.EFER, efer)
    await cpu.write_cr(Register.CR0, _CR0_STATE | X86_CR0_WP * cr0_write_protect(cpu))


async def _take_over(cpu: Cpu, tables: early_page_tables, identity: int) -> None:
    """Go on at linear addresses of the kernel only."""
    mm     = init_mm(cpu)
    mm.pgd = __va(cpu, tables.root << PAGE_SHIFT)
    await pmd_clear(cpu, mm.pgd + identity * kconfig(cpu).paging.entry_size)
    await load_cr3(cpu, mm.pgd)
    # Global translations outlive that flush; only now may there be any.
    if boot_cpu_has(cpu, X86_FEATURE_PGE):
        await cr4_set_bits(cpu, X86_CR4_PGE)
    await setup_pcid(cpu)
    await initialize_tlbstate_and_flush(cpu)
    await setup_protection(cpu)
