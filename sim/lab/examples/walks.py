"""A judge of one's own: how many entries a page walk reads."""

from sim.scenario import Verdict, when


MODES = ("4level", "32bit")


def one_walk(trace, entries, during):
    """In this interval one walk was made, which read so many entries."""
    walks    = trace.events("walk_begun", during=during)
    reads    = trace.transfers(walk=True, write=False, during=during)
    expected = f"one walk that reads {entries} entries{when(during)}"
    found    = f"{len(walks)} walks, {len(reads)} entries read"
    return Verdict(len(walks) == 1 and len(reads) == entries,
                   reads[-1].acked if reads else None, found, expected)


async def play(stage):
    user = await stage.user("walker")
    page = await user.mmap(4096)
    await user.store(page, 1)
    async with stage.act("A load after INVLPG"):
        async with stage.testing("the walk starts at the root") as interval:
            await stage.cpu.invlpg(page)
            await user.load(page)
        stage.did(f"the translation of {page:#x} was invalidated, and the process loaded there")
        entries = 4 if stage.machine.mode == "4level" else 2
        stage.claim(f"the walk reads {entries} entries", one_walk(stage.trace, entries, interval))
