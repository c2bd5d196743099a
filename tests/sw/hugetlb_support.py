"""Processes with huge pages from the pool."""

import pytest

from sw.era import ERAS
from sw.include.linux.hugetlb import default_hstate
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_HUGETLB,
    MAP_PRIVATE, MAP_SHARED,
)
from sw.include.linux.signal_types import BUS_ADRERR, SEGV_ACCERR, SIGBUS, SIGSEGV, Signal
from sw.mm.gup.pages import get_user_pages_remote
from sw.mm.page_alloc import put_page

from .huge_support import (
    AT, HUGE, RW, boot_huge,
)


__all__ = [
    "ANON", "BUS", "EACH_KIND", "EACH_VERSION", "FORCED", "REFUSED", "SHARED", "boot_pool",
    "family", "get", "mapped", "pool", "signal_of",
]


ANON    = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB
SHARED  = MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB
FORCED  = FOLL_WRITE | FOLL_FORCE
BUS     = (SIGBUS, BUS_ADRERR)
REFUSED = (SIGSEGV, SEGV_ACCERR)

EACH_KIND    = pytest.mark.parametrize("kind", [ANON, SHARED], ids=["private", "shared"])
EACH_VERSION = pytest.mark.parametrize("name", [n for n, era in ERAS.items() if n == era.name])


async def boot_pool(*args, hugepages=3, **options):
    """Boot with a pool of three huge pages, which leave two MiB."""
    return await boot_huge(*args, hugepages=hugepages, **options)


def pool(user):
    """Count the pages of the pool that are free, and how many of those are promised."""
    state = default_hstate(user.cpu)
    return len(state.hugepage_freelist), state.resv_huge_pages


async def mapped(user, pages=1, prot=RW, flags=ANON):
    """Map memory from the pool at a known address."""
    return await user.mmap(pages * HUGE, prot, flags | MAP_FIXED, addr=AT)


async def signal_of(access):
    """Return the number and the code of the signal that an access ends in."""
    with pytest.raises(Signal) as caught:
        await access
    return caught.value.signo, caught.value.si_code


async def get(user, at, flags):
    """Get one page of a process, and give the reference back."""
    got, = await get_user_pages_remote(user.cpu, user.task.mm, at, 1, flags)
    put_page(user.cpu, got)
    return got


async def family(pages=1, **options):
    """Start a parent that has written to a page each, and its child."""
    user = await boot_pool(**options)
    await mapped(user, pages)
    for number in range(pages):
        await user.store(AT + number * HUGE, 7)
    return user, await user.fork()
