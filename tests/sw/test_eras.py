"""Eras: the page that lists their rules, and the races that lie between neighbours."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from sw.era import ERA_5_X, ERAS
from sw.include.linux.fs import O_RDONLY
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_GET, FOLL_REMOTE, FOLL_TOUCH, FOLL_WRITE
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MREMAP_FIXED, MREMAP_MAYMOVE, PROT_READ, PROT_WRITE,
)
from sw.mm import mremap
from sw.mm.gup import pages
from sw.mm.gup.follow import unpin_user_page
from sw.mm.gup.pages import get_user_pages_remote, pin_user_pages_remote
from sw.mm.huge_memory.zero import huge_zero_folio
from sw.mm.memory.fault import handle_mm_fault
from sw.mm.memory.zap import zap_page_range_single
from sw.mm.page_alloc import put_page
from sw.mm.userfaultfd import mfill_atomic_install_pte

from .huge_support import AT, HUGE, boot_huge, quick, untouched
from .map_support import TREES, functions_and_structures
from .uffd_support import Uffd
from .user_support import boot, contents, entry, file_of, filled, frame, free_pages, runs


__all__ = ["quick"]

RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS

#: Those that differ, from the oldest on.
VERSIONS = {name: era for name, era in ERAS.items() if name == era.name}

EACH_VERSION = pytest.mark.parametrize("name", VERSIONS)

PAGE = (Path(__file__).parents[2] / "docs" / "eras.md").read_text(encoding="utf-8")


# The page

def table(first):
    """Rows of the table of the page whose heading begins with ``first``."""
    text = re.search(rf"^\| {first} \|.*?(?=\n\n|\Z)", PAGE, re.MULTILINE | re.DOTALL)[0]
    rows = [[cell.strip() for cell in row.strip("|\n").split("|")] for row in text.splitlines()]
    return rows[0], rows[2:]


def rule_in_words(rule):
    """A rule as the page writes it."""
    if isinstance(rule, bool):
        return "yes" if rule else "no"
    return f"`{type(rule).__name__ if rule == type(rule)() else rule}`"


def test_the_page_has_the_rules_of_every_era():
    heading, rows = table("rule")
    assert heading[1:] == list(VERSIONS)
    rules = [field for field in vars(ERA_5_X) if field != "name"]
    assert [row[0] for row in rows] == [f"`{rule}`" for rule in rules]
    for (_, *cells), rule in zip(rows, rules, strict=True):
        assert cells == [rule_in_words(getattr(era, rule)) for era in VERSIONS.values()]


def test_the_page_explains_every_form_of_a_rule():
    forms = {name for file, tree in TREES.items() if file.startswith("rules/")
             for name in functions_and_structures(tree)}
    explained = [row[0].strip("`") for row in table("form")[1]]
    assert set(explained) == {name for name in forms if not name.startswith("_")}
    assert len(explained) == len(set(explained))


def test_neighbours_differ():
    for before, after in pairwise(VERSIONS.values()):
        assert vars(before) | {"name": after.name} != vars(after)


def test_the_article_s_era_is_5_15():
    assert ERA_5_X is ERAS["5.15"]


def closed_between(race):
    """The neighbours of a race, as the page names them: the last that has it, and the next."""
    [row] = [row for row in table("race")[1] if row[0].startswith(race)]
    names = list(VERSIONS)
    assert names.index(row[2]) == names.index(row[1]) + 1
    return row[1], row[2]


def is_open(race, name):
    """Tell whether an era is before the one that closed a race."""
    return list(VERSIONS).index(name) <= list(VERSIONS).index(closed_between(race)[0])


# CVE-2016-5195

@EACH_VERSION
@runs
async def test_dirty_cow(name, monkeypatch):
    user = await boot(era=VERSIONS[name])
    at   = await user.mmap(4096, PROT_READ, MAP_PRIVATE, await file_of(user, b"of the file"))
    buf  = await user.mmap(4096)
    mem  = await user.open("/proc/self/mem")
    await user.store_bytes(buf, b"not allowed")
    await user.load(at)
    cached = await frame(user, at)
    drops  = [None]
    faultin_page = pages.faultin_page

    async def raced(cpu, vma, address, flags, unshare):
        flags = await faultin_page(cpu, vma, address, flags, unshare)
        if address == at and (await frame(user, at)).anon and drops:
            drops.pop()
            await zap_page_range_single(cpu, vma, address, 4096)   # another thread's madvise()
        return flags

    monkeypatch.setattr(pages, "faultin_page", raced)
    assert await user.pwrite(mem, buf, 11, at) == 11
    written = contents(user, cached, 11) == b"not allowed"
    assert (written, drops) == (is_open("CVE-2016-5195", name), [])


# CVE-2017-1000405

@EACH_VERSION
@runs
async def test_huge_dirty_cow(name, monkeypatch):
    user = await boot_huge(era=VERSIONS[name])
    await untouched(user, PROT_READ)
    await user.load(AT)
    zeros = huge_zero_folio(user.cpu).folio
    buf   = await filled(user, 0xBAD)
    mem   = await user.open("/proc/self/mem")
    drops = [None]
    faultin_page = pages.faultin_page

    async def raced(cpu, vma, address, flags, unshare):
        flags = await faultin_page(cpu, vma, address, flags, unshare)
        if drops:
            drops.pop()
            # Another thread: madvise(), a load, and a read of its mem file.
            await zap_page_range_single(cpu, vma, AT, HUGE)
            await handle_mm_fault(cpu, vma, AT, 0)
            got, = await get_user_pages_remote(cpu, vma.vm_mm, AT, 1, 0)
            put_page(cpu, got)
        return flags

    monkeypatch.setattr(pages, "faultin_page", raced)
    assert await user.pwrite(mem, buf, 8, AT + 4096) == 8
    seen = contents(user, zeros.compound_pages[1], 2) == b"\xad\x0b"
    assert (seen, drops) == (is_open("CVE-2017-1000405", name), [])


# CVE-2020-29374

@EACH_VERSION
@runs
async def test_a_reader_s_reference_of_a_child(name):
    user  = await boot(era=VERSIONS[name])
    at    = await filled(user, 0x01D)
    child = await user.fork()
    got,  = await get_user_pages_remote(child.cpu, child.task.mm, at, 1, 0)
    await child.munmap(at, 4096)
    await user.store(at, 0x5EC2E7)
    seen = int.from_bytes(contents(user, got, 8), "little")
    assert seen == (0x5EC2E7 if is_open("CVE-2020-29374", name) else 0x01D)
    put_page(user.cpu, got)


# CVE-2022-2590

@pytest.mark.parametrize("name", [name for name, era in VERSIONS.items()
                                  if era.uffd_fill.minor_shmem])
@runs
async def test_shared_memory_dirty_cow(name, monkeypatch):
    user = await boot(era=VERSIONS[name])
    fd   = await user.memfd_create()
    await user.write_bytes(fd, b"of the file", 0)
    at   = await user.mmap(4096, PROT_READ, MAP_PRIVATE, fd)
    buf  = await user.mmap(4096)
    mem  = await user.open("/proc/self/mem")
    await user.store_bytes(buf, b"not allowed")
    uffd = await Uffd.open(user)
    await uffd.api()
    await uffd.register(at, 4096)
    await uffd.go_on(at)
    cached = await frame(user, at)
    drops  = [None]
    faultin_page = pages.faultin_page

    async def raced(cpu, vma, address, flags, unshare):
        flags = await faultin_page(cpu, vma, address, flags, unshare)
        if address == at and drops:
            drops.pop()
            # Another thread: madvise(), and UFFDIO_CONTINUE.
            await zap_page_range_single(cpu, vma, address, 4096)
            await mfill_atomic_install_pte(cpu, vma, address, cached)
        return flags

    monkeypatch.setattr(pages, "faultin_page", raced)
    assert await user.pwrite(mem, buf, 11, at) == 11
    written = contents(user, cached, 11) == b"not allowed"
    assert (written, drops) == (is_open("CVE-2022-2590", name) and name != "5.15", [])


# CVE-2018-18281

@pytest.mark.parametrize("dirty", [False, True])
@EACH_VERSION
@runs
async def test_mremap_against_the_flush(name, dirty, monkeypatch):
    user = await boot(era=VERSIONS[name])
    at   = await user.mmap(4096, RW, MAP_PRIVATE, await file_of(user, b"of the file", O_RDONLY))
    await (user.store(at, 1) if dirty else user.load(at))
    locked = []
    flush  = mremap.flush_tlb_range

    async def watched(cpu, vma, start, end):
        locked.append(vma.vm_mm.page_table_lock.holder is cpu)
        await flush(cpu, vma, start, end)

    monkeypatch.setattr(mremap, "flush_tlb_range", watched)
    await user.mremap(at, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, 0x2000_0000)
    early = not is_open("CVE-2018-18281", name) or (dirty and name != "4.8")
    assert locked == [early]
    assert await user.load(0x2000_0000, 1) == (1 if dirty else ord("o"))


@runs
async def test_a_late_flush_comes_once_for_all_tables():
    user = await boot(era=VERSIONS["4.8"], ram_bytes=2 << 20)
    at   = 0x2000_0000 - 4096
    await user.mmap(8192, RW, ANON | MAP_FIXED, addr=at)
    for page in (at, at + 4096):
        await user.store(page, page)
    user.cpu.bus.log.clear()
    await user.mremap(at, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, 0x3000_0000)
    flushed = [linear for what, *_, linear in user.cpu.bus.log if what == "invlpg"]
    assert flushed[:2] == [at, at + 4096]
    assert await user.load(0x3000_0000 + 4096) == at + 4096


# References of readers

@EACH_VERSION
@pytest.mark.parametrize("before", ["untouched", "read", "forked"])
@runs
async def test_a_reader_of_private_memory_gets_what_is_mapped_but_in_5_8(name, before):
    user  = await boot(era=VERSIONS[name])
    at    = await (filled(user, 7) if before == "forked" else user.mmap(4096))
    child = await user.fork()
    if before != "untouched":
        await child.load(at)
    own   = before == "forked" and await frame(child, at)
    got,  = await get_user_pages_remote(child.cpu, child.task.mm, at, 1, 0)
    assert (got.anon and got is not own) is (name == "5.8")
    assert await child.load(at) == (7 if before == "forked" else 0)
    put_page(user.cpu, got)


@EACH_VERSION
@runs
async def test_the_own_store_after_a_pin_reaches_the_pinned_page(name):
    user   = await boot(era=VERSIONS[name])
    at     = await filled(user, 7)
    child  = await user.fork()
    await child.load(at)
    before = free_pages(user)
    faults = child.task.min_flt
    pinned, = await pin_user_pages_remote(child.cpu, child.task.mm, at, 1, 0)
    own = name in ("5.8", "5.19", "6.x", "6.18")
    assert (before - free_pages(user), child.task.min_flt - faults) == (own, own)
    assert (await frame(child, at) is pinned, await frame(user, at) is pinned) == (True, not own)
    await child.store(at, 8)
    assert contents(user, pinned, 1) == bytes([8 if own else 7])
    assert await user.load(at) == 7
    unpin_user_page(user.cpu, pinned)
    assert (await frame(child, at)).refcount == 1


@runs
async def test_the_page_that_is_unshared_is_clean_and_read_only():
    user   = await boot(era=VERSIONS["6.x"])
    at     = await filled(user, 7)
    child  = await user.fork()
    pinned, = await pin_user_pages_remote(child.cpu, child.task.mm, at, 1, 0)
    assert pinned.anon_exclusive and not await entry(child, at) & 0x42
    unpin_user_page(user.cpu, pinned)
    await child.exit()
    again, = await pin_user_pages_remote(user.cpu, user.task.mm, at, 1, 0)
    assert again.anon_exclusive and again is await frame(user, at)    # the last user's: no copy
    unpin_user_page(user.cpu, again)


@runs
async def test_a_pin_for_a_write_is_unshared_by_the_write():
    user   = await boot(era=VERSIONS["6.x"])
    at     = await filled(user, 7)
    child  = await user.fork()
    pinned, = await pin_user_pages_remote(child.cpu, child.task.mm, at, 1, FOLL_WRITE)
    assert await entry(child, at) & 0x42 == 0x42 and pinned is not await frame(user, at)
    unpin_user_page(user.cpu, pinned)


# Forced writes

@EACH_VERSION
@pytest.mark.parametrize("kind", ["untouched", "read", "own", "forked"])
@runs
async def test_a_forced_write_makes_a_private_copy_in_every_era(name, kind):
    user = await boot(era=VERSIONS[name])
    at   = await user.mmap(4096, PROT_READ)
    if kind == "read":
        await user.load(at)
    elif kind in ("own", "forked"):
        await user.mprotect(at, 4096, RW)
        await user.store(at, 1)
        await user.mprotect(at, 4096, PROT_READ)
    child = await user.fork() if kind == "forked" else None
    flags = FOLL_WRITE | FOLL_FORCE | FOLL_GET | FOLL_TOUCH | FOLL_REMOTE
    got,  = await get_user_pages_remote(user.cpu, user.task.mm, at, 1, flags)
    assert got.anon and got is await frame(user, at) and not await entry(user, at) & 2
    assert child is None or await frame(child, at) is not got
    put_page(user.cpu, got)
