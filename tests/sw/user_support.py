"""Programs on a booted kernel, and a look at the entries and frames behind their addresses."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sw.arch.x86.include.asm.pgtable import pte_pfn, ptep_get
from sw.arch.x86.include.asm.pgtable_types import PAGING_64, Paging
from sw.audit import audit
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno, KernelError
from sw.include.linux.fs import O_CREAT, O_RDONLY, O_RDWR
from sw.include.linux.mm_types import page
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED
from sw.init.main import start_kernel
from sw.kconfig import Era, kconfig
from sw.kernel.cred import cred
from sw.mm.memory.fault import handle_mm_fault
from sw.mm.memory.mem_map import mem_map
from sw.mm.mmap.find import vma_lookup
from sw.mm.page_alloc import nr_free_pages
from sw.mm.pgtable_generic import pte_offset_map
from sw.processor.cpu import Cpu
from sw.user import User

from .arch_support import EACH_PAGING, processor, run


__all__ = [
    "EACH_ERA", "EACH_PAGING", "boot", "contents", "entry", "fault", "file_of", "filled", "frame",
    "free_pages", "mapped", "raises_errno", "runs", "runs_holding",
]


EACH_ERA = pytest.mark.parametrize("era", [ERA_5_X, ERA_6_X], ids=lambda era: era.name)


#: Processors that a test has booted.
BOOTED: list[Cpu] = []


def runs(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine, at whose end no reference and no lock is left over."""
    @functools.wraps(test)
    def function(*args: Any, **kwargs: Any) -> None:
        BOOTED.clear()
        run(test(*args, **kwargs))
        for cpu in BOOTED:
            audit(cpu)
    return function


def runs_holding(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine that plays a part of the kernel, and keeps references for that."""
    @functools.wraps(test)
    def function(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))
    return function


async def boot(paging: Paging = PAGING_64, *, era: Era = ERA_6_X, ram_bytes: int = 1 << 20,
               credentials: cred | None = None, **options: Any) -> User:
    """Start a kernel, and in it a process that handles SIGSEGV and SIGBUS."""
    cpu = processor(paging, ram_bytes, era=era, **options)
    await start_kernel(cpu)
    BOOTED.append(cpu)
    user = await User.create(cpu, credentials=credentials)
    await user.handle()
    return user


async def filled(user: User, value: int = 0xABCD) -> int:
    """Map a writable page that begins with ``value``; return its address."""
    at = await user.mmap(4096)
    await user.store(at, value)
    return at


async def file_of(user: User, data: bytes, mode: int = O_RDONLY) -> int:
    """Make "/file" with the contents ``data``, up to two pages, and open it."""
    buf = await user.mmap(8192)
    fd  = await user.open("/file", O_CREAT | O_RDWR, 0o644)
    await user.store_bytes(buf, data)
    await user.write(fd, buf, len(data))
    await user.close(fd)
    await user.munmap(buf, 8192)
    return await user.open("/file", mode)


async def mapped(user: User, kind: str, prot: int) -> int:
    """Map one page: "anon", "file" (private), "shared file" or "shared anon"."""
    flags = MAP_SHARED if kind.startswith("shared") else MAP_PRIVATE
    if kind.endswith("anon"):
        return await user.mmap(4096, prot, flags | MAP_ANONYMOUS)
    return await user.mmap(4096, prot, flags, await file_of(user, b"page cache", O_RDWR))


async def fault(user: User, linear: int, flags: int) -> int:
    """Take a page fault with FAULT_FLAG_* of choice, as get_user_pages does."""
    vma = vma_lookup(user.task.mm, linear)
    assert vma is not None
    return await handle_mm_fault(user.cpu, vma, linear, flags)


async def entry(user: User, linear: int) -> int:
    """Read the page-table entry of a process's address; 0 if there is no table."""
    ptep = await pte_offset_map(user.cpu, user.task.mm, linear)
    return 0 if ptep is None else await ptep_get(user.cpu, ptep)


async def frame(user: User, linear: int) -> page:
    """Return the frame that the entry maps."""
    pte = await entry(user, linear)
    return mem_map(user.cpu)[pte_pfn(kconfig(user.cpu).paging, pte)]


def contents(user: User, frame: page, count: int, offset: int = 0) -> bytes:
    """Read a frame in the machine's memory, past the kernel and the processor."""
    return bytes(user.cpu.bus.mmu.memory.page(frame.pfn)[offset:offset + count])


def free_pages(user: User) -> int:
    """Count the free frames."""
    return nr_free_pages(user.cpu)


def raises_errno(errno: Errno) -> Any:
    """Expect a system call, or a kernel function, to fail with ``errno``."""
    return pytest.raises(KernelError, match=f"^{errno.name}$")
