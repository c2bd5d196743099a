"""A flush that another is trusted with: a dropped page is read after madvise() has returned

Ref: Linux 4.12 and 4.13, mm/memory.c (tlb_finish_mmu), commit 99baac21e458 "mm: fix
MADV_[FREE|DONTNEED] TLB flush miss problem", which has no CVE.

Processors 0 and 1 drop the same page. Processor 0 clears its entry, and is held up before the
flush; processor 1 finds nothing there, and so flushes nothing. It says that the page is gone, and
processor 2, which knows that, reads it by the translation that it remembers.
"""

from collections.abc import Sequence

from sim.explore.race import Memory, Race, Start, Variant
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.include.linux.mman import MADV_DONTNEED
from sw.processor.cpu import Cpu

from .cast import frame_of, process, thread_of


CPUS   = 3
FLAWED = Variant("4.8")
SOUND  = Variant("4.14")

PREEMPTIONS = 1

SECRET = 0x5EC2E7


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Map a page that all three processors have in their TLBs."""
    first, second, third = cpus
    user   = await process(first)
    page   = await user.mmap(PAGE_SIZE)
    await user.store(page, SECRET)
    shared = await user.mmap(PAGE_SIZE)  # the flag, what processor 2 sees of it, and of the page
    await user.store(shared, 0)
    words  = await frame_of(user, shared)
    other  = await thread_of(user, second)
    reader = await thread_of(user, third)

    async def drop(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await user.madvise(page, PAGE_SIZE, MADV_DONTNEED)

    async def drop_and_say(cpu: Cpu, start: Start) -> None:
        await other.load(shared)
        await start(cpu)
        await other.madvise(page, PAGE_SIZE, MADV_DONTNEED)
        await other.store(shared, 1)

    async def read(cpu: Cpu, start: Start) -> None:
        await reader.load(page)
        await start(cpu)
        flag = await reader.load(shared)
        await reader.store(shared + 16, await reader.load(page))
        await reader.store(shared + 8, flag)

    def judge(memory: Memory) -> str | None:
        flag, seen = (memory.read(words + offset, 8) for offset in (8, 16))
        if not flag or seen != SECRET:
            return None
        return f"a thread that knows that the page was dropped has read {seen:#x} from it"

    return Race((drop, drop_and_say, read), judge)
