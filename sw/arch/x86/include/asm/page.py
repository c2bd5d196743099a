"""Whole pages, and the linear map: addresses, frame numbers, frame records.

Ref: Linux 6.12, arch/x86/include/asm/page.h, include/asm-generic/memory_model.h.
"""

from __future__ import annotations

from sw.include.linux.mm_types import page
from sw.kconfig import kconfig
from sw.mm.memory.mem_map import mem_map
from sw.processor.cpu import Cpu
from sw.processor.strings import rep_movs, rep_stos

from .page_types import PAGE_SHIFT, PAGE_SIZE


__all__ = [
    "__pa", "__va", "clear_page", "copy_page", "page_to_virt", "pfn_to_page", "virt_to_page",
]


def __va(cpu: Cpu, physical: int) -> int:
    """Linear address at which the linear map has ``physical``."""
    return kconfig(cpu).paging.PAGE_OFFSET + physical


def __pa(cpu: Cpu, linear: int) -> int:
    """Physical address of ``linear`` in the linear map."""
    return linear - kconfig(cpu).paging.PAGE_OFFSET


def pfn_to_page(cpu: Cpu, pfn: int) -> page:
    """Return the record of frame ``pfn``."""
    return mem_map(cpu)[pfn]


def page_to_virt(cpu: Cpu, pg: page) -> int:
    """Linear address of a frame that is in the linear map."""
    assert not pg.highmem, f"frame {pg.pfn:#x} is in high memory"
    return __va(cpu, pg.pfn << PAGE_SHIFT)


def virt_to_page(cpu: Cpu, linear: int) -> page:
    """Return the record of the frame at ``linear`` in the linear map."""
    return pfn_to_page(cpu, __pa(cpu, linear) >> PAGE_SHIFT)


async def clear_page(cpu: Cpu, linear: int) -> None:
    """Fill the page at ``linear`` with zeros."""
    await rep_stos(cpu, linear, 0, PAGE_SIZE)


async def copy_page(cpu: Cpu, to: int, from_: int) -> None:
    """Copy the page at ``from_`` to the one at ``to``."""
    await rep_movs(cpu, to, from_, PAGE_SIZE)
