"""Huge pages of a program on the compiled unit, and in a walk."""

import pytest

from sim.scenario import Signal
from sw.include.linux.mman import (
    MADV_DONTFORK, MADV_HUGEPAGE, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE,
)

from .play_support import played


AT, HUGE, PAGE = 0x4000_0000, 2 << 20, 4096

pytestmark = pytest.mark.slow


async def _a_huge_page(stage, found):
    user = await stage.user("looker")
    await user.mmap(HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=AT)
    await user.madvise(AT, HUGE, MADV_HUGEPAGE)
    await user.store(AT + 5 * PAGE, 7)
    found["own"] = stage.walk(AT + 5 * PAGE)
    found["values"] = [await user.load(AT + at) for at in (5 * PAGE, HUGE - 8)]
    child = await user.fork()
    found["shared"] = stage.walk(AT + 5 * PAGE)
    await child.store(AT, 9)
    found["after"] = [await process.load(AT + at) for process in (user, child)
                      for at in (0, 5 * PAGE)]
    await user.madvise(AT + PAGE, PAGE, MADV_DONTFORK)
    await user.load(AT + 5 * PAGE)
    found["split"] = stage.walk(AT + 5 * PAGE)
    await user.mprotect(AT + 5 * PAGE, PAGE, PROT_READ)
    await user.handle()
    with pytest.raises(Signal) as caught:
        await user.store(AT + 5 * PAGE, 1)
    found["refused"] = caught.value.error_code
    await child.exit()
    await user.wait()


@pytest.mark.parametrize("mode", ["4level", "pae"])
def test_a_huge_page_on_the_unit(mode):
    found = played(_a_huge_page, mode)
    assert found["values"] == [7, 0] and found["after"] == [0, 7, 9, 7]
    assert found["refused"] == 0x7
    walks  = [found[name] for name in ("own", "shared", "split")]
    frames = [walk.kernel.frame for walk in walks]
    assert len({frame.physical for frame in frames}) == 1
    assert {frame.use for frame in frames} == {"anonymous, frame 5 of a huge page"}
    assert [(frame.exclusive, frame.refcount, frame.mapcount) for frame in frames] == [
        (True, 1, 1), (False, 2, 2), (False, 1023, 2)]
    own, _, split = walks
    assert len(split.steps) == len(own.steps) + 1
