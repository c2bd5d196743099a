"""A store to one's own read-only page."""

from sim.scenario import PROT_READ, Killed, faulted


MODES = ("4level", "32bit")


async def play(stage):
    async with stage.act("A process stores to a page that it may only read"):
        user = await stage.user("writer")
        page = await user.mmap(4096, PROT_READ)
        await user.load(page)
        async with stage.testing("the store is refused") as interval:
            try:
                await user.store(page, 1)
            except Killed as death:
                stage.did(str(death))
        stage.claim("the store ends in #PF: P, W and U",
                    faulted(stage.trace, linear=page, writes=True, error_code=0x7, during=interval))
