"""Huge Dirty COW: a forced write against MADV_DONTNEED reaches the huge page of zeros

Ref: CVE-2017-1000405; Linux 4.14, mm/huge_memory.c (touch_pmd, can_follow_write_pmd).

A process writes by /proc/<pid>/mem to a private, read-only mapping of another one, which has the
huge page of zeros there, and gets a copy of it. That one wakes up, where until then a third one was
executed, drops the copy, has the page of zeros again, and reads it through its own file: the kernel
of 4.14 marks the entry dirty though nobody has written, and takes it for the copy.
"""

from collections.abc import Sequence

from sim.explore.race import Memory, Race, Start, Variant
from sw.include.linux.mman import (
    MADV_DONTNEED, MADV_HUGEPAGE, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ,
)
from sw.mm.huge_memory.zero import huge_zero_folio
from sw.processor.cpu import Cpu

from .cast import process


CPUS   = 2
FLAWED = Variant("4.14")
SOUND  = Variant("4.18")

PREEMPTIONS = 1

#: Two huge pages, the kernel, and what is lost as they must be aligned.
RAM = 8 << 20

#: A huge page, and where it is mapped.
HUGE, AT = 2 << 20, 0x4000_0000

PATCH = 0x6F6F6D21


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Map the huge page of zeros in one process, and open its memory in another one."""
    first, second = cpus
    owner = await process(first)
    await owner.mmap(HUGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=AT)
    await owner.madvise(AT, HUGE, MADV_HUGEPAGE)
    await owner.load(AT)
    buffer = await owner.mmap(4096)
    await owner.store(buffer, 0)
    own    = await owner.open("/proc/self/mem")
    zeros  = huge_zero_folio(first).folio
    writer = await process(first)
    source = await writer.mmap(4096)
    await writer.store(source, PATCH)
    mem    = await writer.open(f"/proc/{owner.pid}/mem")
    assert zeros is not None, "the huge page of zeros is mapped"
    word   = zeros.pfn << 12
    owner  = owner.on(second)
    other  = (await process(first)).on(second)

    async def write(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await writer.pwrite(mem, source, 4, AT)

    async def drop(cpu: Cpu, start: Start) -> None:
        page = await other.mmap(4096)
        await other.store(page, 0)
        await start(cpu)
        await other.load(page)
        await owner.madvise(AT, HUGE, MADV_DONTNEED)
        await owner.load(AT)
        await owner.pread(own, buffer, 4, AT)

    def judge(memory: Memory) -> str | None:
        found = memory.read(word, 4)
        return f"the huge page of zeros, which all share, begins with {found:#x}" if found else None

    return Race((write, drop), judge)
