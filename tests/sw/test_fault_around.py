"""Fault-around: pages of a file that are mapped with the one that was wanted."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.era import ERA_6_X
from sw.include.linux.mman import MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE
from sw.user import User
from sw.vmlinux import Kernel

from .user_support import EACH_ERA, EACH_PAGING, boot, entry, frame, runs


P  = 4096
AT = 0x4000_0000
RW = PROT_READ | PROT_WRITE


async def prepared(**options) -> tuple[User, int]:
    """Make a process, and a file in memory of 40 pages of which the fifth is a hole."""
    user = await boot(fault_around_bytes=0x10000, **options)
    fd   = await user.memfd_create()
    for number in range(40):
        if number != 5:
            await user.write_bytes(fd, b"y", number * P)
    return user, fd


async def map_at(user: User, fd: int, first: int, *, prot: int = PROT_READ,
                 flags: int = MAP_SHARED, offset: int | None = None) -> None:
    """Map the file from page ``first`` of the area on, with page ``offset`` there."""
    await user.mmap((40 - first) * P, prot, flags | MAP_FIXED, fd,
                    (first if offset is None else offset) * P, addr=AT + first * P)


async def present(user: User) -> str:
    """Return a digit for each page of the area: 1 if an entry maps it."""
    return "".join([str(await entry(user, AT + number * P) & 1) for number in range(44)])


@pytest.mark.parametrize("first, touched, pages", [
    (0, 20, range(16, 32)), (3, 3, range(3, 19)), (3, 18, range(16, 32)), (10, 12, range(10, 26)),
    (0, 39, range(32, 40)),
])
@pytest.mark.parametrize("prot, flags", [
    (PROT_READ, MAP_SHARED), (RW, MAP_SHARED), (RW, MAP_PRIVATE),
])
@runs
async def test_the_pages_of_the_block_are_mapped_by_one_fault(prot, flags, first, touched, pages):
    user, fd = await prepared()
    await map_at(user, fd, first, prot=prot, flags=flags)
    before = user.task.min_flt
    assert await user.load(AT + touched * P, 1) == ord("y")
    assert user.task.min_flt == before + 1
    assert await present(user) == "".join(
        str(int(number in pages and number != 5)) for number in range(44))
    for number in set(pages) - {5}:
        await user.load(AT + number * P, 1)
    assert user.task.min_flt == before + 1


@EACH_PAGING
@EACH_ERA
@runs
async def test_each_entry_maps_its_own_page(era, paging):
    user, fd = await prepared(era=era, paging=paging)
    await map_at(user, fd, 0, offset=3)
    await user.load(AT, 1)
    pages = user.task.files.fdt[fd].f_inode.i_mapping.i_pages
    for number in (0, 1, 3, 15):
        folio = await frame(user, AT + number * P)
        assert folio is pages[number + 3]
        assert (folio.mapcount, folio.refcount) == (1, 2)


@runs
async def test_not_behind_the_end_of_the_file():
    user, fd = await prepared()
    await user.ftruncate(fd, 12 * P + 5)
    await map_at(user, fd, 0)
    await user.load(AT + 2 * P, 1)
    assert await present(user) == "1" * 5 + "0" + "1" * 7 + "0" * 31


@runs
async def test_a_write_maps_one_page_and_its_copy_stays():
    user, fd = await prepared()
    await map_at(user, fd, 0, prot=RW, flags=MAP_PRIVATE)
    await user.store(AT + P, ord("w"), 1)
    assert await present(user) == "01" + "0" * 42
    await user.load(AT + 4 * P, 1)
    assert await user.load(AT + P, 1) == ord("w")
    assert (await present(user))[:16] == "1" * 5 + "0" + "1" * 10


@runs
async def test_a_hole_is_filled_by_the_file_as_ever():
    user, fd = await prepared()
    await map_at(user, fd, 0)
    assert await user.load(AT + 5 * P, 1) == 0
    assert (await present(user))[:16] == "1" * 16


@pytest.mark.parametrize("size", [0, 4095, 0x3000, 0x40_0000])
def test_sizes_that_cannot_be(size):
    with pytest.raises(ValueError, match="fault_around_bytes"):
        Kernel(PAGING_64, 1 << 20, ERA_6_X, fault_around_bytes=size)
