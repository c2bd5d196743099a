"""Kinds of memory: what there is to write to, each a page that holds the old word."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from sim.scenario import (
    MAP_PRIVATE, MAP_SHARED, O_CREAT, O_RDWR, PAGE_SIZE, PROT_EXEC, PROT_NONE, PROT_READ,
    PROT_WRITE, User,
)
from sw.arch.x86.entry.syscalls import syscall_64

from .scene import OLD, Page, Scene


__all__ = ["MEMORY", "Memory"]


#: The one descriptor that a victim opens beforehand.
FD = 0


class Memory(NamedTuple):
    """A kind of memory.

    Attributes
    ----------
    name : :class:`str`
        Its name, short enough for the head of a column.
    meaning : :class:`str`
        The same in words.
    prepare : callable
        What the victim does before it has a child: it opens the object that is to be mapped.
    page : callable
        What maps it.
    """

    name:    str
    meaning: str
    prepare: Callable[[User], Awaitable[None]]
    page:    Callable[[Scene], Awaitable[Page]]


async def _nothing(user: User) -> None:
    """Open nothing."""


async def _library(user: User) -> None:
    """Make a file, which is open for reading and writing."""
    fd = await user.open("/libm", O_RDWR | O_CREAT, 0o644)
    assert fd == FD, "the first descriptor of a process"
    await user.write_bytes(fd, OLD.to_bytes(4, "little"))


async def _memfd(user: User) -> None:
    fd = await user.memfd_create("shared")
    assert fd == FD, "the first descriptor of a process"
    await user.write_bytes(fd, OLD.to_bytes(4, "little"))


async def _secretmem(user: User) -> None:
    fd = await user.syscall(syscall_64.NR_memfd_secret, 0)
    assert fd == FD, "the first descriptor of a process"
    await user.ftruncate(fd, PAGE_SIZE)


async def _anonymous(scene: Scene, prot: int) -> Page:
    """A private page that was written before it was protected."""
    linear = await scene.victim.mmap(PAGE_SIZE)
    await scene.victim.store(linear, OLD, 4)
    await scene.victim.mprotect(linear, PAGE_SIZE, prot)
    if prot & PROT_READ:
        await scene.victim.load(linear, 4)
    return Page(linear, prot)


async def _private(scene: Scene) -> Page:
    return await _anonymous(scene, PROT_READ)


async def _no_access(scene: Scene) -> Page:
    return await _anonymous(scene, PROT_NONE)


async def _sealed(scene: Scene) -> Page:
    page = await _anonymous(scene, PROT_READ)
    await scene.victim.syscall(syscall_64.NR_mseal, page.linear, PAGE_SIZE, 0)
    return page


async def _hole(scene: Scene) -> Page:
    linear = await scene.victim.mmap(PAGE_SIZE)
    await scene.victim.munmap(linear, PAGE_SIZE)
    return Page(linear, PROT_NONE, mapped=False)


async def _of_object(scene: Scene, prot: int, flags: int) -> Page:
    """A page of what the victim has open; the keeper maps it shared and writable."""
    twin = await scene.keeper.mmap(PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, FD)
    await scene.keeper.store(twin, OLD, 4)
    linear = await scene.victim.mmap(PAGE_SIZE, prot, flags, FD)
    await scene.victim.load(linear, 4)
    return Page(linear, prot, twin=twin)


async def _shared(scene: Scene) -> Page:
    return await _of_object(scene, PROT_READ, MAP_SHARED)


async def _code(scene: Scene) -> Page:
    return await _of_object(scene, PROT_READ | PROT_EXEC, MAP_PRIVATE)


async def _secret(scene: Scene) -> Page:
    return await _of_object(scene, PROT_READ | PROT_WRITE, MAP_SHARED)


#: All kinds, in the order of the columns.
MEMORY = (
    Memory("private",   "a private anonymous page, written, then mapped read-only",
           _nothing, _private),
    Memory("shared",    "a page of a memfd, mapped shared and read-only", _memfd, _shared),
    Memory("code",      "a page of a file, mapped private, to be read and executed",
           _library, _code),
    Memory("none",      "a private anonymous page, written, then mapped with PROT_NONE",
           _nothing, _no_access),
    Memory("hole",      "an address where nothing is mapped", _nothing, _hole),
    Memory("sealed",    "a private read-only page under mseal()", _nothing, _sealed),
    Memory("secret",    "a page of memfd_secret(), mapped shared and writable",
           _secretmem, _secret),
)
