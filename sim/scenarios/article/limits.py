"""Act 8: what still stops a write through /proc/<pid>/mem: software."""

from sim.scenario import (
    MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PAGE_SIZE, PROT_READ, Errno, Stage, Verdict, addresses,
    all_of, executed, loaded, no_request, not_executed, when,
)
from sim.scenarios.cast import Cast, first_window, frame_of, mapping_names, page_at, returned


__all__ = ["TITLE", "play"]


TITLE = "What still stops it"

async def play(stage: Stage, cast: Cast) -> None:
    """Shared read-only mappings and holes are refused by get_user_pages, not by the MMU."""
    async with stage.act(TITLE):
        fd = await cast.user.open("/proc/self/mem")
        await _shared(stage, cast, fd)
        await _hole(stage, cast, fd)
        await cast.user.close(fd)


async def _shared(stage: Stage, cast: Cast, mem: int) -> None:
    trace, user = stage.trace, cast.user
    fd     = await user.open(cast.path)
    shared = await user.mmap(PAGE_SIZE, PROT_READ, MAP_SHARED, fd)
    before = await user.load(shared, 4)
    frame  = frame_of(stage, shared)
    async with stage.testing("a shared read-only mapping") as interval:
        result = await cast.pwrite(user, mem, 0xBAD, shared)
    await user.load(shared, 4)
    stage.did(f"the process wrote to its mem file at {shared:#x}, a shared read-only mapping")
    stage.claim("the call fails with EIO", returned(stage, result, -Errno.EIO))
    stage.claim("the page was not mapped for it, nor any byte of its frame written", lambda: all_of(
        executed(trace, "access_remote_vm", "get_user_pages_remote", during=interval),
        not_executed(trace, mapping_names(stage)[0], "copy_to_user_page",
                     during=first_window(stage, "access_remote_vm", interval)),
        Verdict(not trace.transfers(physical=frame, write=True, during=interval), None,
                "a transfer wrote to the frame",
                f"no transfer writes to physical {addresses(frame)}{when(interval)}"),
        loaded(trace, before, linear=shared, user=True, during=interval.and_after)))
    await user.close(fd)


async def _hole(stage: Stage, cast: Cast, mem: int) -> None:
    trace, user = stage.trace, cast.user
    pages = await user.mmap(2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS)
    hole  = pages + PAGE_SIZE
    await user.munmap(hole, PAGE_SIZE)
    async with stage.testing("a hole") as interval:
        result = await cast.pwrite(user, mem, 0xBAD, hole)
    stage.did(f"and at {hole:#x}, where nothing is mapped")
    stage.claim("the call fails with EIO", returned(stage, result, -Errno.EIO))
    stage.claim("no request carries an address in the hole",
                no_request(trace, linear=page_at(hole), during=interval))

    async with stage.testing("a write that runs into the hole") as interval:
        result = await cast.pwrite(user, mem, 0x8877665544332211, hole - 3, 8)
    stage.did("and 8 bytes from 3 bytes before it, in a read-only private page")
    stage.claim("the call stops short: it wrote 3 bytes", returned(stage, result, 3))
    await user.load(hole - 4, 4)
    frame  = frame_of(stage, hole - 4)
    stored = trace.accesses(function="copy_to_user_page", writes=True, during=interval)
    bytes_ = sum(store.size for store in stored if store.physical in frame)
    stage.claim("three bytes were stored in the last frame, and none beyond it", all_of(
        Verdict(bytes_ == 3 and all(store.physical in frame for store in stored),
                stored[-1].completed if stored else None, f"{bytes_} bytes stored",
                f"copy_to_user_page stores 3 bytes, all at physical {addresses(frame)}"),
        loaded(trace, 0x332211 << 8, linear=hole - 4, user=True, during=interval.and_after)))
