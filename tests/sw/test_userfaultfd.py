"""userfaultfd: ranges of files in memory whose faults a program answers itself, or gets SIGBUS."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_ioctl, NR_userfaultfd
from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_write
from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_PAE
from sw.era import ERAS
from sw.errno import Errno
from sw.include.linux.fs import O_CREAT, O_NONBLOCK, O_RDWR
from sw.include.linux.mm import VM_MAYWRITE
from sw.include.linux.mman import (
    MADV_DONTNEED, MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, MREMAP_MAYMOVE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import SIGBUS, Signal
from sw.include.linux.userfaultfd import UFFD_API, UFFDIO_API, UFFDIO_CONTINUE
from sw.kconfig import kconfig
from sw.kernel.cred import cred
from sw.mm.mmap.find import vma_lookup

from .uffd_support import FEATURES, Uffd
from .user_support import boot, entry, frame, raises_errno, runs


P  = 4096
RW = PROT_READ | PROT_WRITE


async def prepared(prot=PROT_READ, flags=MAP_PRIVATE, pages=4, **options):
    """Make a file in memory with pages 0 and 1, and a registered mapping of ``pages`` of it."""
    user = await boot(**options)
    fd   = await user.memfd_create()
    await user.ftruncate(fd, 3 * P)
    await user.write_bytes(fd, b"zero", 0)
    await user.write_bytes(fd, b"one", P)
    at   = await user.mmap(pages * P, prot, flags, fd)
    uffd = await Uffd.open(user)
    await uffd.api()
    await uffd.register(at, pages * P)
    return user, uffd, at, fd


async def sigbus(user, at):
    """Tell whether a load gets SIGBUS."""
    try:
        await user.load(at)
    except Signal as signal:
        assert signal.signo == SIGBUS
        return True
    return False


# The descriptor

@pytest.mark.parametrize("name, errno", [
    ("4.14", Errno.ENOSYS), ("5.8", Errno.ENOSYS), ("5.15", None), ("6.x", None)])
@runs
async def test_eras_with_minor_faults_of_files_in_memory(name, errno):
    user = await boot(era=ERAS[name])
    if errno is None:
        assert await user.syscall(NR_userfaultfd, 1) >= 0
    else:
        with raises_errno(errno):
            await user.syscall(NR_userfaultfd, 1)


@pytest.mark.parametrize("paging", [PAGING_32, PAGING_PAE], ids=lambda paging: paging.name)
@runs
async def test_32_bit_kernels_have_none(paging):
    user = await boot(paging)
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_userfaultfd, 1)


@pytest.mark.parametrize("root, flags, errno", [
    (True, 0, None), (True, 1, None), (True, 2, Errno.EINVAL), (True, O_NONBLOCK, None),
    (False, 0, Errno.EPERM), (False, 2, Errno.EPERM), (False, 1, None),
])
@runs
async def test_who_may_have_one(root, flags, errno):
    user = await boot(credentials=None if root else cred.of_user(1000))
    if errno is None:
        await user.syscall(NR_userfaultfd, flags)
    else:
        with raises_errno(errno):
            await user.syscall(NR_userfaultfd, flags)


@runs
async def test_the_agreement():
    user = await boot()
    uffd = await Uffd.open(user)
    with raises_errno(Errno.EINVAL):        # not agreed yet
        await uffd.register(0x10000, P)
    for api, features in ((UFFD_API + 1, FEATURES), (UFFD_API, FEATURES | 1 << 60)):
        with raises_errno(Errno.EINVAL):
            await uffd.ioctl(UFFDIO_API, api, features, 0)
        assert await uffd.structure(3) == (0, 0, 0)
    with raises_errno(Errno.ENOSYS):        # somebody would wait
        await uffd.api(0)
    assert await uffd.api() == (UFFD_API, FEATURES, 1 << 63 | 3)
    with raises_errno(Errno.EINVAL):        # only once
        await uffd.api()
    with raises_errno(Errno.EINVAL):        # an unknown command
        await uffd.ioctl(0xC020_AA55, 0, 0, 0, 0)
    with raises_errno(Errno.EFAULT):
        await user.syscall(NR_ioctl, uffd.fd, UFFDIO_CONTINUE, 0x10)


@runs
async def test_other_files_follow_no_command():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    with raises_errno(Errno.ENOTTY):
        await user.syscall(NR_ioctl, fd, UFFDIO_API, 0)
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_ioctl, fd, 0x541B, 0)
    with raises_errno(Errno.EBADF):
        await user.syscall(NR_ioctl, 77, UFFDIO_API, 0)


@pytest.mark.parametrize("flags, errno", [(O_NONBLOCK, Errno.EAGAIN), (0, Errno.ENOSYS)])
@runs
async def test_nothing_is_told(flags, errno):
    user = await boot()
    uffd = await Uffd.open(user, 1 | flags)
    with raises_errno(errno):
        await user.read(uffd.fd, uffd.arg, 32)


# Ranges

@pytest.mark.parametrize("offset, length, mode, errno", [
    (0,  P,       0, Errno.EINVAL), (0, P, 8, Errno.EINVAL), (0, 0, 4, Errno.EINVAL),
    (1,  P,       4, Errno.EINVAL), (0, 100, 4, Errno.EINVAL), (-64 * P, P, 4, Errno.EINVAL),
    (0,  1 << 47, 4, Errno.EINVAL), (0, P, 1, Errno.ENOSYS), (0, P, 6, Errno.ENOSYS),
])
@runs
async def test_ranges_that_cannot_be_registered(offset, length, mode, errno):
    user, uffd, at, _ = await prepared()
    with raises_errno(errno):
        await uffd.register(at + offset, length, mode)


@pytest.mark.parametrize("kind, errno", [
    ("anonymous", Errno.EINVAL), ("file", Errno.EINVAL), ("never writable", Errno.EPERM),
    ("another's", Errno.EBUSY),
])
@runs
async def test_mappings_that_cannot_be_registered(kind, errno):
    user, uffd, at, fd = await prepared()
    if kind == "anonymous":
        at = await user.mmap(P, RW, MAP_PRIVATE | MAP_ANONYMOUS)
    elif kind == "file":
        at = await user.mmap(P, RW, MAP_PRIVATE, await user.open("/f", O_CREAT | O_RDWR, 0o600))
    elif kind == "never writable":
        at = await user.mmap(P, PROT_READ, MAP_SHARED, fd)
        vma_lookup(user.task.mm, at).vm_flags &= ~VM_MAYWRITE    # as if opened for reading
    other = await Uffd.open(user)
    await other.api()
    with raises_errno(errno):
        await other.register(at, P)


@runs
async def test_a_page_that_the_file_has_is_the_program_s_to_map():
    user, uffd, at, _ = await prepared()
    mem = await user.open("/proc/self/mem")
    assert await sigbus(user, at)
    with raises_errno(Errno.EIO):
        await user.pread(mem, uffd.arg, 1, at)
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, uffd.arg, 1, at)
    assert await user.load(at + 2 * P) == 0     # a hole of the file: nothing to ask for
    assert await uffd.go_on(at) == P
    assert await user.load_bytes(at, 4) == b"zero"
    await uffd.unregister(at, 4 * P)
    assert await user.load_bytes(at + P, 3) == b"one"


@pytest.mark.parametrize("page, length, mode, errno, told", [
    (0, P,     4, Errno.EINVAL, 0),
    (0, 0,     0, Errno.EINVAL, 0),
    (0, 100,   0, Errno.EINVAL, 0),
    (1, P,     0, Errno.EEXIST, -17),
    (2, P,     0, Errno.EFAULT, -14),
    (3, P,     0, Errno.EINVAL, -22),
    (4, P,     0, Errno.ENOENT, -2),
    (3, 2 * P, 0, Errno.ENOENT, -2),
    (0, 4 * P, 0, Errno.EAGAIN, P),
])
@runs
async def test_pages_that_cannot_be_mapped(page, length, mode, errno, told):
    user, uffd, at, _ = await prepared()
    await uffd.go_on(at + P)
    with raises_errno(errno):
        await uffd.go_on(at + page * P, length, mode)
    assert (await uffd.structure(4))[3] == told & (1 << 64) - 1


@pytest.mark.parametrize("name, dirty", [("5.15", False), ("5.18", True), ("6.x", True)])
@pytest.mark.parametrize("prot, flags, writable", [
    (PROT_READ, MAP_PRIVATE, False), (RW, MAP_PRIVATE, False), (PROT_READ, MAP_SHARED, False),
    (RW, MAP_SHARED, True),
])
@runs
async def test_the_entry_that_is_made(prot, flags, writable, name, dirty):
    user, uffd, at, _ = await prepared(prot, flags, era=ERAS[name])
    await uffd.go_on(at)
    pte   = await entry(user, at)
    folio = await frame(user, at)
    assert pte_write(pte) is writable
    assert pte_dirty(kconfig(user.cpu).paging, pte) is (dirty or writable)
    assert not folio.anon and (folio.refcount, folio.mapcount) == (2, 1)
    await user.madvise(at, P, MADV_DONTNEED)
    assert (folio.refcount, folio.mapcount) == (1, 0)


@runs
async def test_a_child_a_move_and_a_close_end_it():
    user, uffd, at, _ = await prepared()
    child = await user.fork()
    assert not await sigbus(child, at)
    assert await sigbus(user, at)
    moved = await user.mremap(at, P, 8 * P, MREMAP_MAYMOVE)
    assert not await sigbus(user, moved) and await sigbus(user, at + P)
    await child.close(uffd.fd)
    assert await sigbus(user, at + P)
    await user.close(uffd.fd)
    assert not await sigbus(user, at + P)


@runs
async def test_mappings_are_cut_and_joined_with_the_range():
    user, uffd, at, _ = await prepared()
    mappings = [vma.vm_start - at for vma in user.task.mm.mmap]
    await uffd.unregister(at + P, P)
    assert {P, 2 * P} <= {vma.vm_start - at for vma in user.task.mm.mmap}
    assert [await sigbus(user, at), await sigbus(user, at + P)] == [True, False]
    await uffd.register(at, 4 * P)
    assert [vma.vm_start - at for vma in user.task.mm.mmap] == mappings
