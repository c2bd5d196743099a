"""Act 6: two processes map one file privately; one of them is written through /proc/<pid>/mem."""

from sim.scenario import (
    MAP_PRIVATE, PAGE_SIZE, PROT_READ, Interval, Stage, Verdict, all_of, executed, loaded,
)
from sim.scenarios.cast import Cast, frame_of, returned


__all__ = ["TITLE", "play"]


TITLE = "Copy-on-write: one file, two processes, one of them punched"

PATCH = 0xFEE1DEAD


async def play(stage: Stage, cast: Cast) -> None:
    """The process is punched, and not the file."""
    trace, user = stage.trace, cast.user
    async with stage.act(TITLE):
        neighbour = await user.fork()
        fd   = await neighbour.open(cast.path)
        code = await neighbour.mmap(PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd)
        word = await user.load(cast.constant, 4)
        own  = frame_of(stage, cast.constant)
        since = Interval(stage.cycle)
        await neighbour.load(code, 4)
        shared = frame_of(stage, code)
        stage.did(f"two processes map {cast.path} privately and read it")
        stage.claim("both read the same frame, that of the page cache", Verdict(
            own == shared, stage.cycle - 1, f"frames {own.start:#x} and {shared.start:#x}",
            "the same frame twice", code))

        mem = await user.open(f"/proc/{neighbour.pid}/mem")
        async with stage.testing("a write through /proc/<pid>/mem") as interval:
            result = await cast.pwrite(user, mem, PATCH, code)
        stage.did(f"one wrote 4 bytes to /proc/{neighbour.pid}/mem at {code:#x}")
        stage.claim("the call wrote 4 bytes", returned(stage, result, 4))
        stage.claim("the fault that get_user_pages made copied the page first",
                    executed(trace, "faultin_page", "handle_mm_fault", "wp_page_copy",
                             "copy_to_user_page", during=interval))

        await neighbour.load(code, 4)
        stage.claim("the punched process reads the new bytes",
                    loaded(trace, PATCH, linear=code, user=True, during=since))
        copied = frame_of(stage, code)
        stage.claim("... in another frame", Verdict(
            copied != shared, stage.cycle - 1, f"frame {copied.start:#x}",
            f"a frame that is not {shared.start:#x}", code))
        await _the_rest_is_unchanged(stage, cast, word, shared)
        await neighbour.exit()


async def _the_rest_is_unchanged(stage: Stage, cast: Cast, word: int, shared: range) -> None:
    """The other process's mapping, and the file itself, which read(2) finds in its frame."""
    user  = cast.user
    since = Interval(stage.cycle)
    await user.load(cast.constant, 4)
    stage.claim("the other process reads what it read before",
                loaded(stage.trace, word, linear=cast.constant, user=True, during=since))
    fd = await user.open(cast.path)
    await user.read(fd, cast.buffer, 4)
    await user.load(cast.buffer, 4)
    stage.claim("and so does whoever reads the file", all_of(
        loaded(stage.trace, word, linear=cast.buffer, user=True, during=since),
        loaded(stage.trace, word, physical=shared, user=False, during=since)))
    await user.close(fd)
