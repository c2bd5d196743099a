"""Bytes through /proc/self/mem, into a page that the process may only read."""

from sim.scenario import PAGE_SIZE, PROT_READ, executed, loaded, no_request


MODES = ("4level", "32bit")

TEXT = b"dragons!"


async def play(stage):
    user = await stage.user("writer")
    page = await user.mmap(PAGE_SIZE, PROT_READ)
    mem  = await user.open("/proc/self/mem")
    async with stage.act("The kernel writes where the process may not"):
        async with stage.testing("the write goes through") as interval:
            done = await user.write_bytes(mem, TEXT, page)
        stage.did(f"the process wrote {done} bytes to its own memory file at {page:#x}")
        stage.claim("the kernel looked the page up, and stored by an address of its own",
                    executed(stage.trace, "access_remote_vm", "get_user_pages_remote",
                             "copy_to_user_page", during=interval))
        stage.claim("no write carried the address of the user's page",
                    no_request(stage.trace, linear=range(page, page + PAGE_SIZE), writes=True,
                               during=interval))
        await user.load(page)
        stage.claim("the process reads the bytes there",
                    loaded(stage.trace, int.from_bytes(TEXT, "little"), linear=page, user=True,
                           during=interval.and_after))
