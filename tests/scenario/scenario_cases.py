"""A page of one's own.

A process maps a page, stores to it, and is refused a store to the kernel's memory.
"""

from sim.scenario import Signal, faulted, loaded, no_request


MODES = ("4level", "32bit")


async def play(stage):
    async with stage.act("A page of one's own"):
        user = await stage.user("case")
        at   = await user.mmap(4096)
        await user.handle()
        async with stage.testing("a store to one's own page is done") as span:
            await user.store(at, 0x1234, 4)
            await user.load(at, 4)
        stage.did("stored to a new page, and loaded it")
        stage.claim("the value came back", loaded(stage.trace, 0x1234, linear=at, user=True,
                                                  during=span))
        stage.claim("the kernel gave the page on demand",
                    faulted(stage.trace, linear=at, user=True, during=span))

    async with stage.act("The kernel's memory"):
        kernel = stage.kernel.paging.PAGE_OFFSET
        async with stage.testing("a store to the kernel's page is refused") as span:
            try:
                await user.store(kernel, 0x1234, 4)
            except Signal as signal:
                stage.did(f"got signal {signal.signo}")
        stage.claim("the store faulted: present, write, user",
                    faulted(stage.trace, linear=kernel, user=True, error_code=0x7, during=span))
        stage.claim("the kernel did not do it instead",
                    no_request(stage.trace, linear=kernel, user=False, during=span))
