"""Kernels with more high memory than there are slots for it, on one processor and on two.

Both 32-bit kernels have such memory, and one page table of slots.
"""

import pytest

from sw.arch.x86.include.asm.pgtable import ptep_get
from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_PAE
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.mm.init_mm import init_mm
from sw.mm.page_alloc import GFP_HIGHUSER_MOVABLE, alloc_page

from .arch_support import booted, run
from .smp_support import Smp


__all__ = [
    "EACH_HIGHMEM", "PAGE_KERNEL", "SLOTS", "TOP", "WINDOW", "entry", "high", "high_pages",
    "machine", "two_processors",
]


MIB = 1 << 20

EACH_HIGHMEM = pytest.mark.parametrize("paging", [PAGING_32, PAGING_PAE],
                                       ids=lambda paging: paging.name)

#: First address of the pkmap window, and its slots.
WINDOW = {PAGING_32: 0xFF40_0000, PAGING_PAE: 0xFF80_0000}
SLOTS  = {PAGING_32: 1024, PAGING_PAE: 512}

#: Address of fixmap slot 0.
TOP = 0xFFFF_F000

#: P RW A D G, and XD: a page of the kernel.
PAGE_KERNEL = {PAGING_32: 0x163, PAGING_PAE: 0x163 | 1 << 63}


def machine(paging):
    """A kernel with 1 MiB of low memory, and more high memory than slots."""
    return booted(paging, 9 * MIB, highmem_bytes=8 * MIB)


def high(cpu, count=1):
    """Frames of high memory."""
    pages = [run(alloc_page(cpu, GFP_HIGHUSER_MOVABLE)) for _ in range(count)]
    assert all(page.highmem for page in pages)
    cpu.bus.done.clear()
    cpu.bus.log.clear()
    return pages


def entry(cpu, vaddr):
    """Leaf entry of a kernel address."""
    ptep, _ = run(lookup_address(cpu, init_mm(cpu).pgd, vaddr))
    return run(ptep_get(cpu, ptep))


def two_processors(paging):
    """The same kernel on two processors."""
    return Smp(2, paging, 9 * MIB, highmem_bytes=8 * MIB)


async def high_pages(cpu, count=1):
    """Frames of high memory, where others execute meanwhile."""
    return [await alloc_page(cpu, GFP_HIGHUSER_MOVABLE) for _ in range(count)]
