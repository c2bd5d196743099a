"""A flush left out: a thread reads a page as it was, after another has changed it

Ref: Linux 6.12, mm/memory.c (wp_page_copy); Intel SDM Vol. 3A, section 4.10.5 "Propagation of
Paging-Structure Changes to Multiple Processors".

Processor 0 writes to a private page of a file through /proc/self/mem, which copies it, and then
sets a flag. Processor 1 sees the flag, yet finds the old page by the translation that it remembers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from sim.explore.race import Memory, Race, Start, Variant
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.include.linux.fs import O_RDONLY
from sw.include.linux.mman import MAP_PRIVATE, PROT_READ
from sw.include.linux.mm_types import vm_area_struct
from sw.mm import pgtable_generic
from sw.processor.cpu import Cpu

from .cast import ReadOnlyFile, frame_of, process, thread_of


PATCH = 0x6F6F6D21


@contextmanager
def _without_flush() -> Iterator[None]:
    """Clear entries that are copied without a flush."""
    async def flush_tlb_page(cpu: Cpu, vma: vm_area_struct, addr: int) -> None:
        """Flush nothing."""

    with patch.object(pgtable_generic, "flush_tlb_page", flush_tlb_page):
        yield


CPUS   = 2
FLAWED = Variant("6.x", "which copies a page without a flush", kernel=_without_flush)
SOUND  = Variant("6.x")

PREEMPTIONS = 0


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Map a page of a file, which both processors have in their TLBs."""
    first, second = cpus
    file   = await ReadOnlyFile.make(first)
    user   = await process(first)
    fd     = await user.open(file.path, O_RDONLY)
    page   = await user.mmap(PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd)
    old    = await user.load(page, 4)
    shared = await user.mmap(PAGE_SIZE)  # the flag, what processor 1 sees of it, and of the page
    await user.store(shared, 0)
    await user.store(shared + 8, PATCH, 4)
    words  = await frame_of(user, shared)
    mem    = await user.open("/proc/self/mem")
    thread = await thread_of(user, second)

    async def write(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await user.pwrite(mem, shared + 8, 4, page)
        await user.store(shared, 1)

    async def read(cpu: Cpu, start: Start) -> None:
        await thread.load(page, 4)
        await start(cpu)
        flag = await thread.load(shared)
        await thread.store(shared + 16, await thread.load(page, 4))
        await thread.store(shared + 24, flag)

    def judge(memory: Memory) -> str | None:
        seen, flag = (memory.read(words + offset, 8) for offset in (16, 24))
        if not flag or seen == PATCH:
            return None
        return f"the page has {PATCH:#x}, and a thread that knows it has read {seen:#x}"

    assert old != PATCH, "the file has other bytes"
    return Race((write, read), judge)
