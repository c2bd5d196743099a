"""Programs with huge pages, and a look at them."""

from typing import Any

import pytest

from sw.arch.x86.include.asm.page import __pa
from sw.arch.x86.include.asm.pgtable import pte_pfn, ptep_get
from sw.arch.x86.include.asm.pgtable_types import PAGING_64, PAGING_64_L5, PAGING_PAE, Paging
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.include.linux.mm_types import page
from sw.include.linux.mman import (
    MADV_HUGEPAGE, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE,
)
from sw.kconfig import kconfig
from sw.mm import highmem
from sw.mm.memory.mem_map import mem_map
from sw.processor.cpu import Cpu
from sw.user import User

from .user_support import boot


__all__ = ["AT", "EACH_HUGE_PAGING", "HUGE", "MIB", "PAGE", "RW", "boot_huge", "head", "is_huge",
           "leaf", "quick", "untouched", "written"]


MIB  = 1 << 20
HUGE = 2 * MIB
PAGE = 4096
RW   = PROT_READ | PROT_WRITE

#: Where a huge page can be.
AT = 0x4000_0000

EACH_HUGE_PAGING = pytest.mark.parametrize(
    "paging", [PAGING_64, PAGING_PAE, PAGING_64_L5], ids=lambda paging: paging.name)


async def _clear_page(cpu: Cpu, linear: int) -> None:
    _contents(cpu, linear)[:] = bytes(PAGE)


async def _copy_page(cpu: Cpu, to: int, from_: int) -> None:
    _contents(cpu, to)[:] = _contents(cpu, from_)


def _contents(cpu: Cpu, linear: int) -> Any:
    return cpu.bus.mmu.memory.page(__pa(cpu, linear) >> 12)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Clear and copy pages of the linear map at once: the bus would take half of a second."""
    monkeypatch.setattr(highmem, "clear_page", _clear_page)
    monkeypatch.setattr(highmem, "copy_page", _copy_page)


async def boot_huge(paging: Paging = PAGING_64, *, ram_bytes: int = 8 * MIB,
                    **options: Any) -> User:
    """Boot on a machine that has huge pages, and memory for some, all in the linear map."""
    return await boot(paging, ram_bytes=ram_bytes, pse=True, **options)


async def untouched(user: User, prot: int = RW, *, at: int = AT) -> int:
    """Map memory for one huge page, and ask for it."""
    await user.mmap(HUGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=at)
    await user.madvise(at, HUGE, MADV_HUGEPAGE)
    return at


async def written(user: User, prot: int = RW) -> int:
    """Map a huge page whose second page begins with 7, with the protection ``prot``."""
    await untouched(user)
    await user.store(AT + PAGE, 7)
    if prot != RW:
        await user.mprotect(AT, HUGE, prot)
    return AT


async def leaf(user: User, at: int) -> tuple[int, int]:
    """Return the entry that maps ``at``, and the size of its page."""
    found = await lookup_address(user.cpu, user.task.mm.pgd, at)
    return (0, 0) if found is None else (await ptep_get(user.cpu, found[0]), 1 << found[1])


async def is_huge(user: User, at: int = AT) -> bool:
    """Tell whether a huge page is mapped at ``at``."""
    entry, size = await leaf(user, at)
    return entry != 0 and size == HUGE


async def head(user: User, at: int = AT) -> page:
    """Return the frame that the entry for ``at`` names: of a huge page, the first."""
    entry, _ = await leaf(user, at)
    return mem_map(user.cpu)[pte_pfn(kconfig(user.cpu).paging, entry)]
