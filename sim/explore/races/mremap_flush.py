"""mremap against the flush: a freed page is read by the address that it had

Ref: CVE-2018-18281; Linux 4.18 and 4.19, mm/mremap.c (move_page_tables).

Processor 0 moves a mapping of a file that lies in two page tables. The kernel of 4.18 flushes the
old address once, after the second table; the lock of the tables is free before. In between
processor 1 truncates the file, which finds the page at its new address and frees it; another
process gets the page, and processor 1 reads its secret by the translation of the old address.
"""

from collections.abc import Sequence

from sim.explore.race import Memory, Race, Start, Variant
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.include.linux.fs import O_CREAT, O_RDWR
from sw.include.linux.mman import (
    MAP_FIXED, MAP_SHARED, MREMAP_FIXED, MREMAP_MAYMOVE, PROT_READ, PROT_WRITE,
)
from sw.processor.cpu import Cpu

from .cast import frame_of, process, thread_of


CPUS   = 2
FLAWED = Variant("4.18")
SOUND  = Variant("5.7")

PREEMPTIONS = 2

#: Two pages on either side of a boundary of page tables, and where they go.
LENGTH = 2 * PAGE_SIZE
OLD    = 0x2000_0000 - PAGE_SIZE
NEW    = 0x3000_0000 - PAGE_SIZE

SECRET = 0x5EC2E7


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Map a file that the process may change, and start another process beside it."""
    first, second = cpus
    user   = await process(first)
    await user.handle()
    fd     = await user.open("/own", O_CREAT | O_RDWR, 0o600)
    await user.ftruncate(fd, LENGTH)
    await user.mmap(LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, addr=OLD)
    buffer = await user.mmap(PAGE_SIZE)
    await user.store(buffer, 0)
    words  = await frame_of(user, buffer)
    thread = await thread_of(user, second)
    victim = (await process(first)).on(second)

    async def move(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await user.mremap(OLD, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, NEW)

    async def truncate(cpu: Cpu, start: Start) -> None:
        theirs = await victim.mmap(2 * PAGE_SIZE)
        await victim.store(theirs, 0)
        await thread.load(OLD)
        await start(cpu)
        await thread.ftruncate(fd, 0)
        await victim.store(theirs + PAGE_SIZE, SECRET)
        await thread.store(buffer, await thread.load(OLD))

    def judge(memory: Memory) -> str | None:
        if memory.read(words, 8) != SECRET:
            return None
        return f"a process has read {SECRET:#x}, which only another one has stored"

    return Race((move, truncate), judge)
