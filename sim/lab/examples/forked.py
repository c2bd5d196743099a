"""A fork, and the copy that the first store makes."""

from sim.scenario import PAGE_SIZE, executed, faulted, loaded


MODES = ("4level", "32bit")


async def play(stage):
    parent = await stage.user("parent")
    page   = await parent.mmap(PAGE_SIZE)
    await parent.store(page, 0x01D)
    child  = await parent.fork()
    async with stage.act("The child stores to a page that it shares with its parent"):
        async with stage.testing("the page is copied first") as copied:
            await child.store(page, 0x2E3)
        stage.did(f"the parent stored to {page:#x} and forked, and the child stored there")
        stage.claim("the store was refused at first: #PF, error code 0x7",
                    faulted(stage.trace, linear=page, user=True, writes=True, error_code=0x7,
                            during=copied))
        stage.claim("... and the kernel copied the page",
                    executed(stage.trace, "exc_page_fault", "wp_page_copy", during=copied))
        async with stage.testing("each has bytes of its own") as apart:
            await child.load(page)
        stage.claim("the child reads the new bytes",
                    loaded(stage.trace, 0x2E3, linear=page, user=True, during=apart))
        async with stage.testing("each has bytes of its own") as apart:
            await parent.load(page)
        stage.claim("the parent reads the old ones",
                    loaded(stage.trace, 0x01D, linear=page, user=True, during=apart))
