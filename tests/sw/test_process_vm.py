"""process_vm_readv() and process_vm_writev(). The results are those of a real Linux 6.18."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_process_vm_readv, NR_process_vm_writev
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_PTRACE
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.kernel.cred import cred
from sw.user import User

from .user_support import EACH_PAGING, boot, contents, frame, raises_errno, runs


PAGE    = 4096
RW      = PROT_READ | PROT_WRITE
SEGMENT = tuple[int, int]
BOTH    = pytest.mark.parametrize("number", [NR_process_vm_readv, NR_process_vm_writev])


async def iovec(user: User, segments: list[SEGMENT], at: int) -> int:
    """Put an array of buffers at an address of choice: it is not to fill a hole."""
    await user.mmap(PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=at)
    word = user.word
    for index, pair in enumerate(segments):
        for half, value in enumerate(pair):
            await user.store(at + (2 * index + half) * word, value & (1 << 8 * word) - 1, word)
    return at


async def move(user: User, number: int, pid: int, local: list[SEGMENT], remote: list[SEGMENT],
               flags: int = 0) -> str | int:
    """Return the bytes done, or the name of the error."""
    try:
        return await user.syscall(number, pid, await iovec(user, local, 0x1000_0000), len(local),
                                  await iovec(user, remote, 0x1100_0000), len(remote), flags)
    except KernelError as error:
        return error.errno.name


async def two() -> tuple[User, int, User, int]:
    """Start two processes, each with four pages of its own and a hole behind them."""
    user  = await boot()
    here  = await user.mmap(5 * PAGE)
    there = await user.mmap(5 * PAGE)
    for at, first in ((here, b"A"), (there, b"a")):
        await user.munmap(at + 4 * PAGE, PAGE)
        for page in range(4):
            await user.store_bytes(at + page * PAGE, bytes([first[0] + page]) * PAGE)
    return user, here, await user.fork(), there


#: Pieces of the caller's and of the other's memory, as offset and length; and the result.
PIECES = {
    "plain":          ([(0, 16)], [(0, 16)], 16),
    "nothing here":   ([(0, 0)], [(0, 16)], 0),
    "nothing there":  ([(0, 16)], [(0, 0)], 0),
    "none":           ([], [], 0),
    "hole there":     ([(0, 16)], [(4 * PAGE, 16)], "EFAULT"),
    "partial":        ([(0, 3 * PAGE)], [(2 * PAGE, 3 * PAGE)], 2 * PAGE),
    "across":         ([(0, 16)], [(4 * PAGE - 8, 16)], 8),
    "second there":   ([(0, 64)], [(0, 8), (4 * PAGE, 8), (0, 8)], 8),
    "hole here":      ([(4 * PAGE, 16)], [(0, 16)], "EFAULT"),
    "partial here":   ([(4 * PAGE - 8, 16)], [(0, 16)], 8),
    "second here":    ([(0, 8), (4 * PAGE, 8)], [(0, 16)], 8),
    "short here":     ([(0, 4)], [(0, 16)], 4),
    "short there":    ([(0, 16)], [(0, 4)], 4),
    "mixed":          ([(0, 3), (PAGE, 5), (2 * PAGE, 9)], [(0, 7), (PAGE, 1), (2 * PAGE, 20)], 17),
    "negative here":  ([(0, -1)], [(0, 16)], "EINVAL"),
    "negative there": ([(0, 16)], [(0, -1)], "EINVAL"),
    "kernel there":   ([(0, 8)], [(1 << 63, 8)], "EFAULT"),
    "kernel here":    ([(1 << 63, 8)], [(0, 8)], "EFAULT"),
}


@BOTH
@pytest.mark.parametrize("pieces", PIECES)
@runs
async def test_pieces(pieces, number):
    user, here, other, there = await two()
    local, remote, result = PIECES[pieces]
    assert await move(user, number, other.pid, [(here + at, length) for at, length in local],
                      [(there + at, length) for at, length in remote]) == result


@BOTH
@runs
async def test_the_bytes_arrive_in_order(number):
    user, here, other, there = await two()
    local  = [(here, 3), (here + PAGE, 5)]
    remote = [(there + 2 * PAGE - 2, 4), (there + 3 * PAGE, 4)]
    assert await move(user, number, other.pid, local, remote) == 8
    if number == NR_process_vm_readv:
        assert await user.load_bytes(here, 4) == b"bbcA"
        assert await user.load_bytes(here + PAGE, 6) == b"cddddB"
    else:
        assert await other.load_bytes(there + 2 * PAGE - 3, 6) == b"bAAABc"
        assert await other.load_bytes(there + 3 * PAGE, 5) == b"BBBBd"
        assert await user.load_bytes(there + 2 * PAGE - 3, 6) == b"bbbccc"   # each has its own


@pytest.mark.parametrize("prot, reads, writes", [
    (PROT_NONE, "EFAULT", "EFAULT"), (PROT_READ, 16, "EFAULT"), (RW, 16, 16),
    (PROT_EXEC, "EFAULT", "EFAULT"), (PROT_READ | PROT_EXEC, 16, "EFAULT"),
])
@pytest.mark.parametrize("flags", [MAP_PRIVATE, MAP_SHARED])
@EACH_PAGING
@runs
async def test_there_is_no_force(flags, prot, reads, writes, paging):
    user  = await boot(paging)
    here  = await user.mmap(PAGE)
    there = await user.mmap(PAGE, RW, flags | MAP_ANONYMOUS)
    await user.store(there, 1)
    other = await user.fork()
    await other.mprotect(there, PAGE, prot)
    pieces = other.pid, [(here, 16)], [(there, 16)]
    assert await move(user, NR_process_vm_readv, *pieces) == reads
    assert await move(user, NR_process_vm_writev, *pieces) == writes


@runs
async def test_the_caller_s_own_pages_obey_their_entries():
    user, _, other, there = await two()
    here = await user.mmap(PAGE, PROT_READ)
    assert await move(user, NR_process_vm_readv, other.pid, [(here, 8)], [(there, 8)]) == "EFAULT"
    assert await move(user, NR_process_vm_writev, other.pid, [(here, 8)], [(there, 8)]) == 8


@BOTH
@runs
async def test_refused_calls(number):
    user, here, other, there = await two()
    pieces = [(here, 8)], [(there, 8)]
    assert await move(user, number, other.pid, *pieces, 1) == "EINVAL"
    for pid in (4711, 0):
        assert await move(user, number, pid, *pieces) == "ESRCH"
    assert await move(user, number, 4711, [(here, 8)], [(there, 0)]) == 0
    assert await move(user, number, user.pid, *pieces) == 8
    array = await iovec(user, [(here, 8)], 0x1000_0000)
    for local, remote, errno in (((array, 1025), (array, 1), Errno.EINVAL),
                                 ((array, 1), (array, 1025), Errno.EINVAL),
                                 ((8, 1), (array, 1), Errno.EFAULT),
                                 ((array, 1), (8, 1), Errno.EFAULT)):
        with raises_errno(errno):
            await user.syscall(number, other.pid, *local, *remote, 0)
    await other.exit()
    assert await move(user, number, other.pid, *pieces) == "ESRCH"


@BOTH
@pytest.mark.parametrize("mine, its, dumpable, result", [
    (cred.of_user(1000), cred.of_user(1000), 1, 8),
    (cred.of_user(1000), cred.of_user(1000), 0, "EPERM"),
    (cred.of_user(1000), cred.of_user(0), 1, "EPERM"),
    (cred.of_user(1000, CAP_SYS_PTRACE), cred.of_user(0), 0, 8),
])
@runs
async def test_permission(number, mine, its, dumpable, result):
    user  = await boot(credentials=mine)
    other = await User.create(user.cpu, credentials=its)
    here, there = await user.mmap(PAGE), await other.mmap(PAGE)
    other.task.mm.dumpable = dumpable
    assert await move(user, number, other.pid, [(here, 8)], [(there, 8)]) == result


@runs
async def test_no_reference_is_left_and_a_written_page_is_dirty():
    user, here, other, there = await two()
    await move(user, NR_process_vm_writev, other.pid, [(here, 8)], [(there, 8)])
    page = await frame(other, there)
    assert page.refcount == page.mapcount == 1 and page.dirty
    assert contents(user, page, 8) == b"AAAAAAAA"
