"""/dev/mem: frames without pages in a process, which others reach by ``vm_ops->access``."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_process_vm_readv
from sw.errno import Errno
from sw.include.linux.fs import O_RDONLY, O_RDWR
from sw.include.linux.mman import (
    MADV_DONTNEED, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE,
)
from sw.include.linux.ptrace import PTRACE_ATTACH, PTRACE_POKEDATA
from sw.kernel.cred import cred
from sw.mm.memory.mem_map import mem_map

from .user_support import EACH_ERA, EACH_PAGING, boot, entry, frame, raises_errno, runs


P  = 4096
RW = PROT_READ | PROT_WRITE


async def prepared(pages=1, prot=RW, **options):
    """Make a process that has mapped its own first frame twice, the second time as a device's.

    Returns it, and both addresses. Of several pages the others are the frames behind.
    """
    user = await boot(**options)
    at   = await user.mmap(P)
    await user.store_bytes(at, b"in a frame")
    fd   = await user.open("/dev/mem")
    dev  = await user.mmap(pages * P, prot, MAP_SHARED, fd, (await frame(user, at)).pfn * P)
    return user, at, dev


@EACH_PAGING
@runs
async def test_a_frame_is_mapped_by_its_number_and_not_counted(paging):
    user, at, dev = await prepared(paging=paging)
    folio = await frame(user, at)
    assert await user.load_bytes(dev, 10) == b"in a frame"
    await user.store_bytes(dev, b"IN")
    assert await user.load_bytes(at, 4) == b"IN a" and (folio.refcount, folio.mapcount) == (1, 1)
    child = await user.fork()
    assert await child.load_bytes(dev, 4) == b"IN a"
    await user.munmap(dev, P)
    assert folio.refcount == 2                     # the child's private mapping


@EACH_PAGING
@EACH_ERA
@runs
async def test_the_memory_file_reads_and_writes_it(era, paging):
    user, at, dev = await prepared(era=era, paging=paging)
    mem = await user.open("/proc/self/mem")
    await user.load(dev)
    assert await user.read_bytes(mem, 4, dev + 5) == b"fram"
    assert await user.write_bytes(mem, b"AT", dev) == 2
    assert await user.load_bytes(at, 4) == b"AT a"


@runs
async def test_a_write_changes_its_bytes_and_no_others():
    user, at, dev = await prepared()
    mem = await user.open("/proc/self/mem")
    await user.load(dev)
    assert await user.write_bytes(mem, b"AT", dev + 3) == 2
    assert await user.load_bytes(at, 11) == b"in ATframe\0"


@runs
async def test_there_must_be_an_entry_and_a_writable_one_for_a_write():
    user, at, dev = await prepared()
    mem = await user.open("/proc/self/mem")
    with raises_errno(Errno.EIO):
        await user.read_bytes(mem, 4, dev)
    await user.load(dev)
    await user.mprotect(dev, P, PROT_READ)
    assert await user.read_bytes(mem, 4, dev) == b"in a"
    with raises_errno(Errno.EIO):
        await user.write_bytes(mem, b"AT", dev)
    await user.mprotect(dev, P, RW)
    assert await user.write_bytes(mem, b"AT", dev) == 2
    assert await user.load_bytes(at, 4) == b"AT a"


@runs
async def test_the_frames_of_an_access_are_those_that_follow_the_first():
    user = await boot()
    fd   = await user.open("/dev/mem")
    mem  = await user.open("/proc/self/mem")
    at   = await user.mmap(2 * P)
    await user.store_bytes(at, b"x" * 8)
    await user.store_bytes(at + P, b"abcd")
    first, second = (await frame(user, at)).pfn, (await frame(user, at + P)).pfn
    assert second == first + 1
    dev = await user.mmap(2 * P, RW, MAP_SHARED, fd, first * P)
    await user.load(dev)
    assert not await entry(user, dev + P)
    assert await user.read_bytes(mem, 6, dev + P - 2) == b"\0\0abcd"
    with raises_errno(Errno.EIO):
        await user.read_bytes(mem, 4, dev + P)


@runs
async def test_a_debugger_reaches_it_and_process_vm_readv_does_not():
    user, at, dev = await prepared()
    await user.load(dev)
    tracer = await user.fork()
    await tracer.ptrace(PTRACE_ATTACH, user.pid)
    await tracer.wait_status(user.pid)
    assert await tracer.peek(user.pid, dev) == int.from_bytes(b"in a fra", "little")
    await tracer.ptrace(PTRACE_POKEDATA, user.pid, dev, int.from_bytes(b"poked---", "little"))
    assert await tracer.load_bytes(dev, 8) == b"poked---"
    buf = await tracer.mmap(P)
    iov = await tracer.iovec((buf, 8), (dev, 8))
    with raises_errno(Errno.EFAULT):
        await tracer.syscall(NR_process_vm_readv, user.pid, iov, 1, iov + 16, 1, 0)


@runs
async def test_nothing_takes_a_page_of_it():
    user, _, dev = await prepared()
    await user.load(dev)
    _, writer = await user.pipe()
    with raises_errno(Errno.EFAULT):
        await user.vmsplice(writer, (dev, 8))
    with raises_errno(Errno.EINVAL):
        await user.madvise(dev, P, MADV_DONTNEED)


@runs
async def test_the_end_of_memory_is_the_end_of_the_file():
    user = await boot()
    fd   = await user.open("/dev/mem")
    last = (mem_map(user.cpu).max_pfn - 1) * P
    dev  = await user.mmap(P, PROT_READ, MAP_SHARED, fd, last)
    await user.load(dev)
    mem = await user.open("/proc/self/mem")
    assert len(await user.read_bytes(mem, 16, dev + P - 8)) == 8
    with raises_errno(Errno.EINVAL):
        await user.mmap(2 * P, PROT_READ, MAP_SHARED, fd, last)


@runs
async def test_what_is_not_modelled_is_refused():
    user = await boot()
    fd   = await user.open("/dev/mem")
    with raises_errno(Errno.ENOSYS):
        await user.mmap(P, PROT_READ, MAP_PRIVATE, fd)
    for call in (user.read_bytes(fd, 1), user.write_bytes(fd, b"x")):
        with raises_errno(Errno.ENOSYS):
            await call


@pytest.mark.parametrize("change, errno", [
    ({"uid": 1000}, Errno.EACCES), ({}, Errno.EPERM),
])
@runs
async def test_only_root_opens_it_and_not_without_its_power(change, errno):
    who  = cred.of_user(change.get("uid", 0))
    if not change:
        who = cred.of_user(0)
        object.__setattr__(who, "cap_effective", who.cap_effective - {"CAP_SYS_RAWIO"})
    user = await boot(credentials=who)
    with raises_errno(errno):
        await user.open("/dev/mem", O_RDONLY if change else O_RDWR)
