"""Act 7: two linear addresses of one frame, with different rights."""

from typing import Any

from sim.scenario import (
    MAP_SHARED, O_RDWR, PAGE_SIZE, PROT_READ, PROT_WRITE, Stage, Verdict, both_in_tlb, faulted,
    loaded, no_fault,
)
from sim.scenarios.cast import Cast, frame_of, refused_store


__all__ = ["TITLE", "play"]


TITLE = "Two addresses of one frame: the right belongs to the address"

WRITTEN = 0xA11A5E5


async def play(stage: Stage, cast: Cast) -> None:
    """Permission belongs to the address, not to the frame."""
    trace, user = stage.trace, cast.user
    async with stage.act(TITLE) as act:
        fd = await user.open(cast.path, O_RDWR)
        writable = await user.mmap(PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd)
        readable = await user.mmap(PAGE_SIZE, PROT_READ,              MAP_SHARED, fd)
        await user.store(writable, WRITTEN, 4)
        for _ in range(2):
            await user.load(readable, 4)
            await user.load(writable, 4)
        stage.did(f"the process mapped {cast.path} twice: writable at {writable:#x}, "
                  f"read-only at {readable:#x}")
        frames = frame_of(stage, readable), frame_of(stage, writable)
        stage.claim("both addresses lead to one frame", Verdict(
            frames[0] == frames[1], stage.cycle - 1,
            f"frames {frames[0].start:#x} and {frames[1].start:#x}", "the same frame twice",
            writable))
        stage.claim("both translations are in the TLB at once: two hits, no walk between",
                    both_in_tlb(trace, readable, writable, during=act))

        async with stage.testing("one store is done, the other refused") as interval:
            await user.store(writable, WRITTEN + 1, 4)
            await refused_store(user, readable, 0xBAD)
        await user.load(readable, 4)
        which: dict[str, Any] = {"user": True, "writes": True, "during": interval}
        stage.claim("a store to the writable address is done",
                    no_fault(trace, linear=writable, **which))
        stage.claim("a store to the read-only address is refused, #PF, error code 0x7",
                    faulted(trace, linear=readable, error_code=0x7, **which))
        stage.claim("the read-only address shows what was stored through the other", loaded(
            trace, WRITTEN + 1, linear=readable, user=True, during=interval.and_after))
        await user.close(fd)
