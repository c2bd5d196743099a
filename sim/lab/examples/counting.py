"""Two threads count without a lock, and one count is lost."""

from sim.scenario import (
    CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM, PAGE_SIZE, TimeSlice, written_back,
)


MODES = ("4level", "32bit")

MACHINE = {"cpus": 2}

#: Processor 0 goes as far as its load, then processor 1 to its end, then both go on.
SLICES = [TimeSlice(0, 1), TimeSlice(1, 10_000)]


async def play(stage):
    user = await stage.user("counter")
    word = await user.mmap(PAGE_SIZE)
    await user.store(word, 0)
    thread = await user.clone(CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

    async def count(user):
        await user.store(word, await user.load(word) + 1)

    async def other(cpu):
        await count(thread.on(cpu))

    async with stage.act("Both threads add 1 to a word that is 0"):
        started = await stage.start(1, other)
        async with stage.testing("one of the counts is lost") as interval:
            stage.schedule.follow(SLICES)
            await count(user)
            await stage.finish(started)
        physical = stage.trace.accesses(linear=word)[-1].physical
        stage.claim("it is 1 in the end",
                    written_back(stage.traces, word=physical, set_=1, clear=2, during=interval))
