"""The linear address by which access_remote_vm reaches a page.

Ref: mm/memory.c (__access_remote_vm) of Linux 5.15 and 6.12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sw.include.linux.mm_types import page
from sw.mm.highmem import kmap, kmap_local_page, kunmap, kunmap_local
from sw.processor.cpu import Cpu


__all__ = ["ByKmap", "ByKmapLocal"]


@dataclass(frozen=True)
class ByKmap:
    """Up to 6.1: a slot that all processors see."""

    functions: ClassVar[tuple[str, str]] = ("kmap", "kunmap")

    async def map_page(self, cpu: Cpu, folio: page) -> int:
        """Take a slot."""
        return await kmap(cpu, folio)

    async def unmap_page(self, cpu: Cpu, folio: page, address: int) -> None:
        """Give the slot back; its entry stays until the slots run out."""
        await kunmap(cpu, folio)


@dataclass(frozen=True)
class ByKmapLocal:
    """Later: a slot of this processor."""

    functions: ClassVar[tuple[str, str]] = ("kmap_local_page", "kunmap_local")

    async def map_page(self, cpu: Cpu, folio: page) -> int:
        """Take the next slot."""
        return await kmap_local_page(cpu, folio)

    async def unmap_page(self, cpu: Cpu, folio: page, address: int) -> None:
        """Clear the slot."""
        await kunmap_local(cpu, address)
