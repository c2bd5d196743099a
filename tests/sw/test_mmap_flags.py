"""mmap(): flags that choose the address, make pages present, or are refused."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE
from sw.errno import Errno
from sw.include.linux.capability import CAP_IPC_LOCK
from sw.include.linux.fs import O_RDONLY, O_RDWR
from sw.include.linux.mm import VM_LOCKED, VM_NORESERVE
from sw.include.linux.mman import (
    MADV_DONTNEED, MAP_32BIT, MAP_ABOVE4G, MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE,
    MAP_HUGE_SHIFT, MAP_HUGETLB, MAP_LOCKED, MAP_NONBLOCK, MAP_NORESERVE, MAP_POPULATE,
    MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_STACK, MAP_SYNC, PROT_EXEC, PROT_NONE,
    PROT_READ, PROT_SEM, PROT_WRITE,
)
from sw.include.linux.resource import RLIMIT_MEMLOCK, rlimit
from sw.kernel.cred import cred

from .user_support import EACH_ERA, boot, entry, file_of, raises_errno, runs


RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS
AT   = 0x1000_0000
PAGE = 4096
GIB  = 1 << 30


async def present(user, at, pages=3):
    """Tell of each page from ``at`` on whether it has an entry."""
    return [bool(await entry(user, at + page * PAGE)) for page in range(pages)]


# Where

@pytest.mark.parametrize("wish, length, got", [
    (0,                  PAGE,             GIB + PAGE),     # the first is taken
    (0x2000_0000,        PAGE,             0x2000_0000),    # below the window, but wished
    (0x2100_0FFF,        PAGE,             0x2100_0000),
    (0x9000_0000,        PAGE,             GIB + PAGE),
    (2 * GIB - PAGE,     PAGE,             2 * GIB - PAGE),
    (2 * GIB - PAGE,     2 * PAGE,         GIB + PAGE),     # does not end in time
    (GIB,                PAGE,             GIB + PAGE),     # taken
    (0,                  GIB - PAGE,       GIB + PAGE),
    (0,                  GIB,              None),
    (0,                  2 * GIB + PAGE,   None),
])
@pytest.mark.parametrize("paging", [PAGING_64, PAGING_64_L5], ids=lambda paging: paging.name)
@runs
async def test_addresses_of_31_bits(paging, wish, length, got):
    user = await boot(paging)
    assert await user.mmap(PAGE, RW, ANON | MAP_32BIT) == GIB
    if got is None:
        with raises_errno(Errno.ENOMEM):
            await user.mmap(length, PROT_READ, ANON | MAP_32BIT, addr=wish)
    else:
        assert await user.mmap(length, PROT_READ, ANON | MAP_32BIT, addr=wish) == got


@runs
async def test_a_command_is_stronger_than_a_limit():
    user = await boot()
    for flag, addr in ((MAP_32BIT, 0x9000_0000), (MAP_ABOVE4G, AT)):
        assert await user.mmap(PAGE, RW, ANON | MAP_FIXED | flag, addr=addr) == addr
    assert await user.mmap(PAGE, RW, ANON | MAP_ABOVE4G, addr=2 * AT) == 2 * AT     # so is a wish


@runs
async def test_addresses_above_4_gib():
    user = await boot()
    top  = await user.mmap(PAGE)
    await user.mmap(top - 4 * GIB - PAGE, PROT_READ, addr=4 * GIB + PAGE)
    assert await user.mmap(PAGE, RW, ANON | MAP_ABOVE4G) == 4 * GIB
    with raises_errno(Errno.ENOMEM):
        await user.mmap(PAGE, RW, ANON | MAP_ABOVE4G)
    assert await user.mmap(PAGE) == 4 * GIB - PAGE


@pytest.mark.parametrize("paging", [PAGING_32, PAGING_PAE], ids=lambda paging: paging.name)
@pytest.mark.parametrize("flag", [MAP_32BIT, MAP_ABOVE4G])
@runs
async def test_limits_mean_nothing_to_a_kernel_of_32_bits(paging, flag):
    user = await boot(paging)
    at   = await user.mmap(PAGE)
    assert await user.mmap(PAGE, PROT_READ, ANON | flag) == at - PAGE


# Pages that are made present

@pytest.mark.parametrize("prot, flags, expected", [
    (RW,        MAP_POPULATE,                 True),
    (PROT_READ, MAP_POPULATE,                 True),
    (PROT_EXEC, MAP_POPULATE,                 True),
    (PROT_NONE, MAP_POPULATE,                 False),
    (RW,        MAP_POPULATE | MAP_NONBLOCK,  False),
    (RW,        MAP_LOCKED | MAP_NONBLOCK,    True),
    (RW,        MAP_LOCKED,                   True),
    (RW,        MAP_NORESERVE | MAP_STACK,    False),
])
@pytest.mark.parametrize("sharing", [MAP_PRIVATE, MAP_SHARED])
@EACH_ERA
@runs
async def test_populate(era, sharing, prot, flags, expected):
    user = await boot(era=era)
    at   = await user.mmap(3 * PAGE, prot, sharing | MAP_ANONYMOUS | flags)
    assert await present(user, at) == [expected] * 3
    faults = user.task.min_flt
    if expected and prot == RW and sharing == MAP_PRIVATE:
        await user.store(at, 1)
        assert user.task.min_flt == faults


@runs
async def test_populate_ends_with_the_file_and_the_call_succeeds():
    user = await boot()
    fd   = await file_of(user, bytes(5000), O_RDWR)
    at   = await user.mmap(4 * PAGE, RW, MAP_PRIVATE | MAP_POPULATE, fd)
    assert await present(user, at) == [True, True, False]


@runs
async def test_locked_memory_is_not_dropped_and_not_locked_in_a_child():
    user = await boot()
    at   = await user.mmap(PAGE, RW, ANON | MAP_LOCKED)
    await user.store(at, 5)
    with raises_errno(Errno.EINVAL):
        await user.madvise(at, PAGE, MADV_DONTNEED)
    child = await user.fork()
    assert not child.task.mm.mmap[0].vm_flags & VM_LOCKED
    await child.madvise(at, PAGE, MADV_DONTNEED)
    assert (await user.load(at), await child.load(at)) == (5, 0)


@pytest.mark.parametrize("flags, faults", [(MAP_LOCKED, 0), (0, 1)])
@EACH_ERA
@runs
async def test_locked_memory_that_becomes_writable_has_its_copy_at_once(era, flags, faults):
    user   = await boot(era=era)
    fd     = await file_of(user, b"file")
    at     = await user.mmap(PAGE, PROT_READ, MAP_PRIVATE | flags, fd)
    await user.load(at)
    await user.mprotect(at, PAGE, RW)
    before = user.task.min_flt
    await user.store(at, 1)
    assert user.task.min_flt == before + faults


@pytest.mark.parametrize("capabilities, errno", [((), Errno.EAGAIN), ((CAP_IPC_LOCK,), None)])
@runs
async def test_locked_memory_has_a_limit(capabilities, errno):
    user = await boot(credentials=cred.of_user(1000, *capabilities))
    user.task.signal.rlim[RLIMIT_MEMLOCK] = rlimit(4 * PAGE, 4 * PAGE)
    await user.mmap(3 * PAGE, RW, ANON | MAP_LOCKED)
    await user.mmap(9 * PAGE)
    if errno is None:
        await user.mmap(2 * PAGE, RW, ANON | MAP_LOCKED)
    else:
        with raises_errno(errno):
            await user.mmap(2 * PAGE, RW, ANON | MAP_LOCKED)
    await user.mmap(PAGE, RW, ANON | MAP_LOCKED)


@runs
async def test_memory_without_reservation_is_told_apart():
    user = await boot()
    await user.mmap(PAGE)
    await user.mmap(PAGE, RW, ANON | MAP_NORESERVE)
    assert [vma.vm_flags & VM_NORESERVE for vma in user.task.mm.mmap] == [VM_NORESERVE, 0]


# Refusals

@pytest.mark.parametrize("mode, prot, flags, errno", [
    (O_RDWR,   RW,         0,                    None),
    (O_RDWR,   RW,         MAP_POPULATE,         None),
    (O_RDWR,   RW,         1 << 29,              None),     # a bit of the size of huge pages
    (O_RDWR,   RW,         MAP_SYNC,             Errno.EOPNOTSUPP),
    (O_RDWR,   RW,         MAP_FIXED_NOREPLACE,  Errno.EOPNOTSUPP),
    (O_RDWR,   RW,         0x200,                Errno.EOPNOTSUPP),
    (O_RDONLY, RW,         0,                    Errno.EACCES),
    (O_RDONLY, RW,         0x200,                Errno.EOPNOTSUPP),
    (O_RDONLY, PROT_READ,  0,                    None),
    (None,     RW,         0,                    Errno.EINVAL),
])
@runs
async def test_validated_flags(mode, prot, flags, errno):
    user = await boot()
    fd   = -1 if mode is None else await file_of(user, b"file", mode)
    kind = MAP_SHARED_VALIDATE | (MAP_ANONYMOUS if mode is None else 0)
    if errno is None:
        at = await user.mmap(PAGE, prot, kind | flags, fd, addr=AT)
        assert await user.load_bytes(at, 4) == b"file"
        same = await user.mmap(PAGE, prot, MAP_SHARED | 0x200, fd)
        assert user.task.mm.mmap[-1].vm_start == same
        assert len({vma.vm_flags for vma in user.task.mm.mmap}) == 1
    else:
        with raises_errno(errno):
            await user.mmap(PAGE, prot, kind | flags, fd, addr=AT)


@pytest.mark.parametrize("paging, size, length, addr, flags, errno", [
    (PAGING_64,  0,   PAGE,      0,         ANON,                 Errno.ENOMEM),
    (PAGING_64,  21,  PAGE,      0,         ANON,                 Errno.ENOMEM),
    (PAGING_64,  30,  PAGE,      0,         ANON,                 Errno.ENOMEM),
    (PAGING_64,  16,  PAGE,      0,         ANON,                 Errno.EINVAL),
    (PAGING_64,  0,   0,         0,         ANON,                 Errno.EINVAL),
    (PAGING_64,  0,   -1,        0,         ANON,                 Errno.EINVAL),
    (PAGING_64,  0,   PAGE,      AT + PAGE, ANON | MAP_FIXED,     Errno.EINVAL),
    (PAGING_64,  0,   PAGE,      AT,        ANON | MAP_FIXED,     Errno.ENOMEM),
    (PAGING_64,  0,   PAGE,      0,         MAP_ANONYMOUS,        Errno.EINVAL),
    (PAGING_32,  22,  PAGE,      0,         ANON,                 Errno.ENOMEM),
    (PAGING_32,  0,   PAGE,      0,         ANON | MAP_NORESERVE, Errno.ENOMEM),
    (PAGING_32,  21,  PAGE,      0,         ANON,                 Errno.EINVAL),
    (PAGING_PAE, 30,  PAGE,      0,         ANON,                 Errno.EINVAL),
])
@runs
async def test_there_are_no_huge_pages(paging, size, length, addr, flags, errno):
    user = await boot(paging)
    with raises_errno(errno):
        await user.mmap(length, RW, flags | MAP_HUGETLB | size << MAP_HUGE_SHIFT, addr=addr)


@pytest.mark.parametrize("fd, errno", [(0, Errno.EINVAL), (99, Errno.EBADF)])
@runs
async def test_no_file_has_huge_pages(fd, errno):
    user = await boot()
    assert await file_of(user, b"file") == 0
    with raises_errno(errno):
        await user.mmap(PAGE, PROT_READ, MAP_SHARED | MAP_HUGETLB, fd)


@runs
async def test_atomic_operations_are_allowed_everywhere():
    user = await boot()
    at   = await user.mmap(PAGE, RW | PROT_SEM)
    await user.mprotect(at, PAGE, PROT_READ | PROT_SEM)
    assert user.task.mm.mmap[0].vm_flags & 0xF == PROT_READ
