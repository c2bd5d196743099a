"""An unlocked update of D: a fork's write protection is lost, and the child sees later stores

Ref: Intel SDM Vol. 3A, section 4.8 "Accessed and Dirty Flags", section 8.1.2.1 "Automatic Locking".

Processor 0 stores to a page that is writable and clean: its walker reads the entry, and stores it
again with D set. In between processor 1 forks, and takes R/W from the entry. A walker that does not
lock the bus, and look at the entry again, puts R/W back.
"""

from collections.abc import Sequence

from sim.explore.race import Memory, Race, Start, Variant
from sim.golden.stepwise import UnlockedProcessor
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.include.linux.mman import PROT_READ, PROT_WRITE
from sw.processor.cpu import Cpu

from .cast import frame_of, process, thread_of


CPUS   = 2
FLAWED = Variant("6.x", "whose processors set D without a lock", UnlockedProcessor)
SOUND  = Variant("6.x")

PREEMPTIONS = 1

#: What is stored while the process forks, and after it has forked.
MEANWHILE, AFTER = 0x111, 0x222


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Make a page that is writable and clean: written by force, then allowed to be written."""
    first, second = cpus
    user   = await process(first)
    page   = await user.mmap(PAGE_SIZE, PROT_READ)
    mem    = await user.open("/proc/self/mem")
    await user.write_bytes(mem, bytes(8), page)
    await user.mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE)
    frame  = await frame_of(user, page)
    thread = await thread_of(user, second)

    async def store(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await user.store(page, MEANWHILE)

    async def fork(cpu: Cpu, start: Start) -> None:
        await thread.load(page)
        await start(cpu)
        await thread.fork()
        await thread.store(page, AFTER)

    def judge(memory: Memory) -> str | None:
        if memory.read(frame, 8) != AFTER:
            return None
        return f"the child has {AFTER:#x}, which its parent has stored after the fork"

    return Race((store, fork), judge)
