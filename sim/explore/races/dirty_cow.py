"""Dirty COW: a forced write against MADV_DONTNEED reaches the page of a read-only file

Ref: CVE-2016-5195; Linux 4.8, mm/gup.c (faultin_page).

Processor 0 writes to a private, read-only mapping through /proc/self/mem. Between the fault that
makes the private copy and the next look at the page, processor 1 drops the copy. The kernel of 4.8
has forgotten by then that it wanted to write, and takes the file's own page.
"""

from collections.abc import Sequence

from sim.explore.race import Race, Start, Variant
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.include.linux.fs import O_RDONLY
from sw.include.linux.mman import MADV_DONTNEED, MAP_PRIVATE, PROT_READ
from sw.processor.cpu import Cpu

from .cast import ReadOnlyFile, process, thread_of


CPUS   = 2
FLAWED = Variant("4.8")
SOUND  = Variant("4.14")

PREEMPTIONS = 1

PATCH = 0x6F6F6D21


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Map a file that the process may only read."""
    first, second = cpus
    file   = await ReadOnlyFile.make(first)
    user   = await process(first)
    fd     = await user.open(file.path, O_RDONLY)
    page   = await user.mmap(PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd)
    buffer = await user.mmap(PAGE_SIZE)
    await user.store(buffer, PATCH, 4)
    mem    = await user.open("/proc/self/mem")
    thread = await thread_of(user, second)

    async def write(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await user.pwrite(mem, buffer, 4, page)

    async def drop(cpu: Cpu, start: Start) -> None:
        await thread.load(buffer)
        await start(cpu)
        await thread.madvise(page, PAGE_SIZE, MADV_DONTNEED)

    return Race((write, drop), file.judge)
