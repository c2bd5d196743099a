"""Ways to write one word to a page of another's, or of one's own.

What a way needs is prepared before: the attempt alone is measured.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from sim.scenario import PAGE_SIZE, PROT_READ, PROT_WRITE, PTRACE_ATTACH, PTRACE_DETACH
from sim.scenarios.cast import in_kernel_thread
from sw.arch.x86.entry.syscalls import syscall_64
from sw.drivers.misc.lkdtm.perms import lkdtm_WRITE_USERSPACE
from sw.include.linux.ptrace import PTRACE_POKEDATA
from sw.include.linux.wait import __WALL

from .scene import NEW, SOURCE, Page, Scene


__all__ = ["WAYS", "Attempt", "Way"]


#: The attempt itself. It raises what refuses it.
Attempt = Callable[[], Awaitable[Any]]


class Way(NamedTuple):
    """A way to write.

    Attributes
    ----------
    name : :class:`str`
        Its name, short enough for the head of a row.
    meaning : :class:`str`
        The same in words.
    prepare : callable
        What makes the attempt, or raises what refuses it before. It returns None if there is no
        such way to this page.
    """

    name:    str
    meaning: str
    prepare: Callable[[Scene, Page], Awaitable[Attempt | None]]


async def _store(scene: Scene, page: Page) -> Attempt:
    return lambda: scene.victim.store(page.linear, NEW, 4)


async def _kernel_store(scene: Scene, page: Page) -> Attempt:
    async def attempt() -> None:
        oops = await in_kernel_thread(scene.stage, scene.victim, lambda: lkdtm_WRITE_USERSPACE(
            scene.stage.cpu, page.linear, NEW))
        if oops is not None:
            raise oops

    return attempt


async def _copy_to_user(scene: Scene, page: Page) -> Attempt:
    fd = await scene.victim.open(SOURCE)
    return lambda: scene.victim.read(fd, page.linear, 4)


async def _own_mem(scene: Scene, page: Page) -> Attempt:
    fd = await scene.victim.open("/proc/self/mem")
    return lambda: scene.victim.pwrite(fd, scene.buffer, 4, page.linear)


async def _others_mem(scene: Scene, page: Page) -> Attempt:
    fd = await scene.other.open(f"/proc/{scene.victim.pid}/mem")
    return lambda: scene.other.pwrite(fd, scene.buffer, 4, page.linear)


async def _poke(scene: Scene, page: Page) -> Attempt:
    tracer, pid = scene.other, scene.victim.pid
    await tracer.ptrace(PTRACE_ATTACH, pid)
    await tracer.wait_status(pid, __WALL)

    async def attempt() -> None:
        try:
            await tracer.ptrace(PTRACE_POKEDATA, pid, page.linear, NEW)
        finally:
            await tracer.ptrace(PTRACE_DETACH, pid)

    return attempt


async def _process_vm_writev(scene: Scene, page: Page) -> Attempt:
    writer = scene.other
    word   = scene.stage.kernel.paging.BITS_PER_LONG // 8
    local  = await writer.iovec((scene.buffer, 4), (page.linear, 4))
    remote = local + 2 * word
    return lambda: writer.syscall(syscall_64.NR_process_vm_writev, scene.victim.pid,
                                  local, 1, remote, 1, 0)


async def _mprotect(scene: Scene, page: Page) -> Attempt:
    async def attempt() -> None:
        await scene.victim.mprotect(page.linear, PAGE_SIZE, PROT_READ | PROT_WRITE)
        await scene.victim.store(page.linear, NEW, 4)
        await scene.victim.mprotect(page.linear, PAGE_SIZE, page.prot)

    return attempt


async def _twin(scene: Scene, page: Page) -> Attempt | None:
    twin = page.twin
    return None if twin is None else lambda: scene.keeper.store(twin, NEW, 4)


#: All ways, in the order of the rows.
WAYS = (
    Way("store",          "the process stores", _store),
    Way("kernel store",   "the kernel stores at the user's address, without STAC", _kernel_store),
    Way("copy_to_user",   "the process reads a file into the page", _copy_to_user),
    Way("/proc/self/mem", "the process writes to /proc/self/mem", _own_mem),
    Way("/proc/PID/mem",  "another process writes to /proc/PID/mem", _others_mem),
    Way("POKEDATA",       "another process attaches, and writes by ptrace()", _poke),
    Way("process_vm_writev", "another process writes by process_vm_writev()", _process_vm_writev),
    Way("mprotect",       "the process makes the page writable, stores, and protects it again",
        _mprotect),
    Way("mapped twice",   "another process stores through its own mapping of the object", _twin),
)
