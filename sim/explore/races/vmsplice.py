"""vmsplice: a child reads from a pipe what its parent has written after the fork

Ref: CVE-2020-29374; Linux 5.7 and 5.8, mm/gup.c, mm/memory.c (do_wp_page).

The child puts a page that it shares with its parent into a pipe, and unmaps it. The kernel of 5.7
counts mappings: the parent seems to be alone with the page, and its store goes to the page that
the pipe still holds.
"""

from collections.abc import Sequence

from sim.explore.race import Memory, Race, Start, Variant
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.processor.cpu import Cpu

from .cast import frame_of, process


CPUS   = 2
FLAWED = Variant("5.7")
SOUND  = Variant("5.8")

PREEMPTIONS = 1

#: What the parent stores before the fork, and after it.
BEFORE, SECRET = 0x0DD, 0x5EC2E7


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Fork a process with a page that both have."""
    first, second = cpus
    parent = await process(first)
    page   = await parent.mmap(PAGE_SIZE)
    await parent.store(page, BEFORE)
    child  = (await parent.fork()).on(second)
    frames: list[int] = []

    async def store(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await parent.store(page, SECRET)

    async def splice(cpu: Cpu, start: Start) -> None:
        reader, writer = await child.pipe()
        buffer = await child.mmap(PAGE_SIZE)
        await child.store(buffer, 0)
        frames.append(await frame_of(child, buffer))
        await start(cpu)
        await child.vmsplice(writer, (page, 8))
        await child.munmap(page, PAGE_SIZE)
        await child.read(reader, buffer, 8)

    def judge(memory: Memory) -> str | None:
        found = memory.read(frames[0], 8)
        return f"the child has read {found:#x}, its parent's secret" if found == SECRET else None

    return Race((store, splice), judge)
