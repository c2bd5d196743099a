"""Huge pages as files show them, and in pipes."""

import re

from sw.include.linux.fs import O_RDONLY

from .huge_support import HUGE, PAGE, boot_huge, head, quick, written
from .user_support import runs


__all__ = ["quick"]


@runs
async def test_pagemap_and_status_know_huge_pages():
    user = await boot_huge()
    at   = await written(user)
    fd  = await user.open("/proc/self/pagemap", O_RDONLY)
    one = int.from_bytes(await user.read_bytes(fd, 8, (at + 5 * PAGE) // PAGE * 8), "little")
    assert one == 1 << 63 | 1 << 56 | (await head(user, at)).pfn + 5
    fd  = await user.open("/proc/self/status", O_RDONLY)
    assert re.search(rb"RssAnon:\t *(\d+) kB", await user.read_bytes(fd, 999))[1] in (
        b"2048", b"2052")    # and the page that it is read into


@runs
async def test_a_page_of_a_huge_one_can_be_in_a_pipe():
    user = await boot_huge()
    at   = await written(user)
    reader, writer = await user.pipe()
    await user.store_bytes(at + 5 * PAGE, b"inside")
    assert await user.vmsplice(writer, (at + 5 * PAGE, 6)) == 6
    page = await head(user, at)
    await user.munmap(at, HUGE)
    assert page.refcount
    assert await user.read_bytes(reader, 6) == b"inside"
    assert not page.refcount
