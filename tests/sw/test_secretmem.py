"""memfd_secret: memory that its owner reaches, and not even the kernel by its own mapping."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_fallocate, NR_fsync, NR_memfd_secret, NR_munlock,
)
from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.errno import Errno
from sw.fs.fcntl import F_GET_SEALS, F_GETFL
from sw.include.linux.fs import O_CREAT, O_LARGEFILE, O_RDWR
from sw.include.linux.mman import MADV_DONTNEED, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE
from sw.include.linux.signal_types import SIGBUS, Signal
from sw.kernel.cred import cred
from sw.kernel.panic import KernelOops
from sw.kernel.sched.completion import wait_for_completion
from sw.mm.highmem import kmap_local_page
from sw.mm.init_mm import init_mm
from sw.user import User

from .smp_support import Smp, beside, seeded, two_threads
from .user_support import EACH_ERA, boot, contents, frame, raises_errno, runs


P  = 4096
RW = PROT_READ | PROT_WRITE

EACH_64 = pytest.mark.parametrize(
    "paging", [PAGING_64, PAGING_64_L5], ids=lambda paging: paging.name)


async def prepared(**options) -> tuple[User, int, int]:
    """Make a process, a secret file of two pages, and a mapping of it that begins with "secret"."""
    user = await boot(**options)
    fd   = await user.syscall(NR_memfd_secret, 0)
    await user.ftruncate(fd, 2 * P)
    at   = await user.mmap(2 * P, RW, MAP_SHARED, fd)
    await user.store_bytes(at, b"secret")
    return user, fd, at


@EACH_64
@EACH_ERA
@runs
async def test_nobody_gets_the_page_by_the_memory_file(era, paging):
    user, fd, at = await prepared(era=era, paging=paging)
    buf = await user.mmap(P)
    mem = await user.open("/proc/self/mem")
    for call in (user.pread(mem, buf, 4, at), user.pwrite(mem, buf, 4, at)):
        with raises_errno(Errno.EIO):
            await call
    _, writer = await user.pipe()
    with raises_errno(Errno.EFAULT):
        await user.vmsplice(writer, (at, 4))


@EACH_64
@runs
async def test_the_owner_and_the_kernel_by_the_owners_tables_reach_it(paging):
    user, fd, at = await prepared(paging=paging)
    file = await user.open("/file", O_CREAT | O_RDWR)
    assert await user.write(file, at, 6) == 6
    assert await user.pread(file, at + 100, 6, 0) == 6
    assert await user.load_bytes(at + 100, 6) == b"secret"
    child = await user.fork()
    assert await child.load_bytes(at, 6) == b"secret"


@pytest.mark.parametrize("ram", [1 << 20, 4 << 20], ids=["small pages", "large pages"])
@EACH_64
@runs
async def test_the_kernels_own_mapping_of_the_page_faults(paging, ram):
    user, fd, at = await prepared(paging=paging, ram_bytes=ram)
    page  = await frame(user, at)
    alias = await kmap_local_page(user.cpu, page)
    assert contents(user, page, 6) == b"secret"
    with pytest.raises(KernelOops, match="page fault"):
        await user.cpu.load(alias, 8)


@EACH_64
@runs
async def test_a_large_page_of_the_linear_map_is_split_and_translates_as_before(paging):
    user = await boot(paging=paging, ram_bytes=4 << 20)
    plain = await user.mmap(P)
    await user.store_bytes(plain, b"plain")
    page  = await frame(user, plain)
    alias = page_to_virt(user.cpu, page)
    root  = init_mm(user.cpu).pgd
    assert (await lookup_address(user.cpu, root, alias))[1] == 21
    fd    = await user.syscall(NR_memfd_secret, 0)
    await user.ftruncate(fd, P)
    await user.store(await user.mmap(P, RW, MAP_SHARED, fd), 1)
    neighbours = [page_to_virt(user.cpu, page) + P * distance for distance in (-1, 0, 1)]
    assert (await lookup_address(user.cpu, root, alias))[1] == PAGE_SHIFT
    assert await user.cpu.load(neighbours[1], 4) == int.from_bytes(b"plai", "little")
    for at in neighbours:
        entryp, _ = await lookup_address(user.cpu, root, at)
        assert await user.cpu.load(entryp, 8) >> 12 & 0xFFFF_FFFF == at - alias + (
            page.pfn << 12) >> 12


@runs
async def test_a_page_that_is_given_back_is_empty_and_the_kernels_again():
    user, fd, at = await prepared()
    page   = await frame(user, at)
    await user.close(fd)
    assert page.refcount
    await user.munmap(at, 2 * P)
    assert not page.refcount
    assert contents(user, page, 6) == bytes(6)
    assert await user.cpu.load(page_to_virt(user.cpu, page), 8) == 0


@pytest.mark.parametrize("errno, call", [
    (Errno.EINVAL, lambda user, fd, at: user.syscall(NR_memfd_secret, 1)),
    (Errno.EINVAL, lambda user, fd, at: user.read(fd, at, 4)),
    (Errno.EINVAL, lambda user, fd, at: user.write(fd, at, 4)),
    (Errno.ESPIPE, lambda user, fd, at: user.pread(fd, at, 4, 0)),
    (Errno.ESPIPE, lambda user, fd, at: user.lseek(fd, 0)),
    (Errno.EINVAL, lambda user, fd, at: user.mmap(P, RW, MAP_PRIVATE, fd)),
    (Errno.EINVAL, lambda user, fd, at: user.ftruncate(fd, P)),
    (Errno.EINVAL, lambda user, fd, at: user.syscall(NR_fsync, fd)),
    (Errno.EOPNOTSUPP, lambda user, fd, at: user.syscall(NR_fallocate, fd, 0, 0, P)),
    (Errno.EINVAL, lambda user, fd, at: user.fcntl(fd, F_GET_SEALS)),
    (Errno.EINVAL, lambda user, fd, at: user.madvise(at, P, MADV_DONTNEED)),
])
@runs
async def test_what_cannot_be_done_with_it(errno, call):
    user, fd, at = await prepared()
    with raises_errno(errno):
        await call(user, fd, at)
    assert user.task.files.fdt[fd].f_count == 2    # the descriptor, and the mapping


@runs
async def test_it_is_locked_and_stays_so():
    user, fd, at = await prepared()
    assert await user.fcntl(fd, F_GETFL) == O_RDWR | O_LARGEFILE
    await user.syscall(NR_munlock, at, P)
    with raises_errno(Errno.EINVAL):
        await user.madvise(at, P, MADV_DONTNEED)
    other = await User.create(user.cpu, credentials=cred.of_user(1000))
    fd    = await other.syscall(NR_memfd_secret, 0)
    with raises_errno(Errno.EAGAIN):
        await other.mmap(9 << 20, RW, MAP_SHARED, fd)


@runs
async def test_a_file_without_a_size_has_no_page():
    user = await boot()
    fd   = await user.syscall(NR_memfd_secret, 0)
    at   = await user.mmap(P, RW, MAP_SHARED, fd)
    with pytest.raises(Signal) as caught:
        await user.load(at)
    assert caught.value.signo == SIGBUS


@pytest.mark.parametrize("paging", [PAGING_32, PAGING_PAE], ids=lambda paging: paging.name)
@runs
async def test_32_bit_kernels_have_none(paging):
    user = await boot(paging=paging)
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_memfd_secret, 0)


@pytest.mark.parametrize("seed", range(4))
def test_no_processor_keeps_a_translation_of_the_kernels_own(seed):
    smp = Smp(2, ram_bytes=4 << 20)

    async def main(cpu):
        user, thread = await two_threads(cpu)
        alias = []

        async def touch():
            # The next frame to be given out, as another processor's linear map has it.
            page = await frame(user, plain)
            alias.append(page_to_virt(thread.cpu, page))
            await thread.cpu.load(alias[0], 8)

        plain = await user.mmap(P)
        await user.store(plain, 1)
        await wait_for_completion(cpu, await beside(thread, touch))
        await user.munmap(plain, P)
        fd = await user.syscall(NR_memfd_secret, 0)
        await user.ftruncate(fd, P)
        at = await user.mmap(P, RW, MAP_SHARED, fd)
        await user.store(at, 2)
        assert page_to_virt(cpu, await frame(user, at)) == alias[0]

        async def again():
            with pytest.raises(KernelOops):
                await thread.cpu.load(alias[0], 8)
            return True

        return await wait_for_completion(cpu, await beside(thread, again))

    assert smp.run(main, seeded(seed))
