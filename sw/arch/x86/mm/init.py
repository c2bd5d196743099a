"""The kernel's own page tables, as they are before paging is on; and PCIDs, once it is.

Ref: Linux 6.12, arch/x86/mm/init.c (split_mem_range, setup_pcid), init_64.c, init_32.c.
"""

from __future__ import annotations

from collections.abc import Iterator

from sw.arch.x86.include.asm.cpufeatures import (
    X86_CR4_PCIDE, X86_FEATURE_GBPAGES, X86_FEATURE_PCID, X86_FEATURE_PGE, X86_FEATURE_PSE,
    boot_cpu_has,
)
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pfn_pte
from sw.arch.x86.include.asm.pgtable_types import (
    _KERNPG_TABLE, _PAGE_PRESENT, _PAGE_PSE, PAGE_KERNEL, Paging,
)
from sw.arch.x86.kernel.cpu.common import cr4_set_bits, setup_clear_cpu_cap
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu


__all__ = ["early_page_tables", "init_mem_mapping", "setup_pcid", "split_mem_range"]


class early_page_tables:
    """Page tables that will be stored at physical addresses.

    Parameters
    ----------
    paging : :class:`Paging`
        Their format.
    start_pfn : :class:`int`
        First of the frames that they may take, one after the other.

    Attributes
    ----------
    tables : :class:`dict`
        Entries of each table, by frame number.
    root : :class:`int`
        Frame number of the root table.
    end_pfn : :class:`int`
        First frame not taken.
    """

    def __init__(self, paging: Paging, start_pfn: int):
        self.paging  = paging
        self.tables: dict[int, list[int]] = {}
        self.end_pfn = start_pfn
        self.root    = self._new_table()

    def _new_table(self) -> int:
        pfn = self.end_pfn
        self.tables[pfn] = [0] * self.paging.entries
        self.end_pfn += 1
        return pfn

    def table(self, linear: int, shift: int) -> int:
        """Frame number of the table of the level ``shift`` for ``linear``; makes what lacks."""
        pfn = self.root
        for level in self.paging.shifts[:self.paging.shifts.index(shift)]:
            entries = self.tables[pfn]
            index   = self.paging.index(level, linear)
            if not entries[index]:
                flags = _PAGE_PRESENT if self.paging.X86_PAE and pfn == self.root else _KERNPG_TABLE
                entries[index] = self._new_table() << PAGE_SHIFT | flags
            pfn = entries[index] >> PAGE_SHIFT
        return pfn

    def map(self, linear: int, physical: int, shift: int) -> None:
        """Map a page of ``1 << shift`` bytes for the kernel."""
        entry = pfn_pte(self.paging, physical >> PAGE_SHIFT, PAGE_KERNEL)
        if shift > PAGE_SHIFT:
            entry |= _PAGE_PSE
        self.tables[self.table(linear, shift)][self.paging.index(shift, linear)] = entry


def split_mem_range(paging: Paging, features: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut physical memory ``[0, end)`` into the largest pages that fit.

    Yields the physical address of each, and its size as a power of two.
    """
    sizes = [PAGE_SHIFT]
    if paging.entry_size == 8:
        sizes.insert(0, 21)
        if paging.X86_64 and features & X86_FEATURE_GBPAGES:
            sizes.insert(0, 30)
    elif features & X86_FEATURE_PSE:
        sizes.insert(0, 22)
    start = 0
    while start < end:
        shift = next(s for s in sizes if start % (1 << s) == 0 and start + (1 << s) <= end)
        yield start, shift
        start += 1 << shift


def init_mem_mapping(tables: early_page_tables, features: int, end: int) -> None:
    """Make the linear map: physical memory ``[0, end)`` at PAGE_OFFSET."""
    for physical, shift in split_mem_range(tables.paging, features, end):
        tables.map(tables.paging.PAGE_OFFSET + physical, physical, shift)


async def setup_pcid(cpu: Cpu) -> None:
    """Turn PCIDs on where they exist. CR3 has none yet, or the processor would refuse.

    Without global pages, to flush everything would take INVPCID; no processor has PCIDs and lacks
    these pages, so the kernel then does without PCIDs, as a 32-bit one does.
    """
    if not kconfig(cpu).paging.X86_64 or not boot_cpu_has(cpu, X86_FEATURE_PGE):
        setup_clear_cpu_cap(cpu, X86_FEATURE_PCID)
    if boot_cpu_has(cpu, X86_FEATURE_PCID):
        await cr4_set_bits(cpu, X86_CR4_PCIDE)
