"""/proc/<pid>/maps, pagemap and status, and what getrusage() counts."""

import re

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_getrusage
from sw.arch.x86.include.asm.pgtable_types import PAGING_32
from sw.errno import Errno
from sw.include.linux.fs import O_CREAT, O_RDONLY, O_RDWR, SEEK_CUR, SEEK_END
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_NONE,
    PROT_READ, PROT_WRITE,
)
from sw.include.linux.ptrace import PTRACE_ATTACH
from sw.include.linux.signal_types import SIGTERM, SIGUSR1
from sw.kernel.cred import cred
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.sys.rusage import RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD
from sw.user import User

from .user_support import EACH_ERA, EACH_PAGING, boot, file_of, filled, frame, raises_errno, runs


P  = 4096
AT = 0x1000_0000
RW = PROT_READ | PROT_WRITE
FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED

PRESENT, FILE, EXCLUSIVE = 1 << 63, 1 << 61, 1 << 56


async def text(user: User, path: str) -> str:
    """Read a file of text."""
    fd   = await user.open(path, O_RDONLY)
    data = b""
    while piece := await user.read_bytes(fd, 3000):
        data += piece
    await user.close(fd)
    return data.decode()


async def status(user: User, pid: int | str = "self") -> dict[str, str]:
    """Read a status file; return its lines by their names."""
    lines = (await text(user, f"/proc/{pid}/status")).splitlines()
    return dict(line.split(":\t") for line in lines)


async def pagemap(user: User, at: int, pages: int = 1) -> list[int]:
    """Read the entries of pages."""
    fd   = await user.open("/proc/self/pagemap", O_RDONLY)
    data = await user.read_bytes(fd, 8 * pages, at // P * 8)
    await user.close(fd)
    return [int.from_bytes(data[place:place + 8], "little") for place in range(0, len(data), 8)]


# maps

@runs
async def test_the_lines_of_maps():
    user = await boot()
    fd   = await file_of(user, b"x" * 8000)
    m    = await user.memfd_create("nm")
    zero = await user.open("/dev/zero")
    private, shared = MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS
    for index, (prot, flags, which, offset) in enumerate((
            (PROT_READ, MAP_PRIVATE, fd, P), (RW | PROT_EXEC, MAP_SHARED, m, 0),
            (RW, shared, -1, 0), (PROT_NONE, private, -1, 0),
            (RW, MAP_PRIVATE, zero, 0), (RW, MAP_SHARED, zero, P),
            (PROT_READ | PROT_EXEC, private | MAP_GROWSDOWN, -1, 0))):
        await user.mmap(P, prot, flags | MAP_FIXED, which, offset, addr=AT + 2 * P * index)
    brk = await user.brk(0)
    await user.brk(brk + P)
    lines = [line for line in (await text(user, "/proc/self/maps")).splitlines()
             if int(line.split("-")[0], 16) in range(AT, AT + 20 * P) or "[heap]" in line]
    gap = " " * 33
    assert lines == [
        f"10000000-10001000 r--p 00001000 00:00 0 {gap}/file",
        f"10002000-10003000 rwxs 00000000 00:00 0 {gap}/memfd:nm (deleted)",
        f"10004000-10005000 rw-s 00000000 00:00 0 {gap}/dev/zero (deleted)",
        "10006000-10007000 ---p 00000000 00:00 0 ",
        f"10008000-10009000 rw-p 00000000 00:00 0 {gap}/dev/zero",
        f"1000a000-1000b000 rw-s 00001000 00:00 0 {gap}/dev/zero (deleted)",
        "1000c000-1000d000 r-xp 00000000 00:00 0 ",
        f"{brk:x}-{brk + P:x} rw-p 00000000 00:00 0 {' ' * 25}[heap]",
    ]


@EACH_PAGING
@runs
async def test_names_stand_behind_the_longest_numbers_that_there_are(paging):
    user = await boot(paging=paging)
    await user.mmap(P, PROT_READ, MAP_PRIVATE, await file_of(user, b"x"))
    line, = [line for line in (await text(user, "/proc/self/maps")).splitlines() if "/" in line]
    assert line.index("/") == (49 if paging.address_mask == PAGING_32.address_mask else 73)


@runs
async def test_a_read_goes_on_where_the_last_one_ended_and_from_the_start_anew():
    user = await boot()
    await user.mmap(P, PROT_READ, FIXED, addr=AT)
    fd   = await user.open("/proc/self/maps", O_RDONLY)
    buf  = await user.mmap(P)
    whole = await text(user, "/proc/self/maps")
    assert await user.read_bytes(fd, 10) + await user.read_bytes(fd, 10) == whole[:20].encode()
    assert await user.read_bytes(fd, 10, 3) == whole[3:13].encode()
    await user.munmap(AT, P)
    assert await user.lseek(fd, 5) == 5
    assert await user.read_bytes(fd, 5) == whole[5:10].encode()    # the text is what it was
    assert (await user.read_bytes(fd, 8, 0)).decode() != "10000000"
    for offset, whence in ((0, SEEK_END), (-1, SEEK_CUR)):
        await user.lseek(fd, 0)
        with raises_errno(Errno.EINVAL):
            await user.lseek(fd, offset, whence)
    with raises_errno(Errno.EFAULT):
        await user.pread(fd, AT, 8, 0)
    assert await user.pread(fd, buf, 8, 1 << 20) == 0


@pytest.mark.parametrize("name", ["maps", "pagemap"])
@EACH_ERA
@runs
async def test_the_memory_of_others_is_not_shown_to_everybody(era, name):
    user  = await boot(era=era)
    other = await User.create(user.cpu, credentials=cred.of_user(1000))
    with raises_errno(Errno.EACCES):
        await other.open(f"/proc/{user.pid}/{name}", O_RDONLY)
    await other.open(f"/proc/{other.pid}/{name}", O_RDONLY)
    await user.open(f"/proc/{other.pid}/{name}", O_RDONLY)


@EACH_ERA
@runs
async def test_a_process_that_has_ended_has_no_mappings(era):
    user  = await boot(era=era)
    child = await user.fork()
    maps, entries = [await user.open(f"/proc/{child.pid}/{name}", O_RDONLY)
                     for name in ("maps", "pagemap")]
    await child.exit()
    for fd in (maps, entries, await user.open(f"/proc/{child.pid}/maps", O_RDONLY)):
        assert await user.read_bytes(fd, 8) == b""
    if era.mem_open_needs_mm:
        with raises_errno(Errno.ESRCH):
            await user.open(f"/proc/{child.pid}/pagemap", O_RDONLY)


@pytest.mark.parametrize("path", ["/proc/01/mem", "/proc/0/mem", "/proc/self/nothing", "/proc/x",
                                  "/proc/1/task/01/maps"])
@runs
async def test_nothing_can_be_made_in_proc(path):
    user = await boot()
    with raises_errno(Errno.ENOENT):
        await user.open(path, O_RDWR | O_CREAT, 0o600)


# pagemap

@EACH_PAGING
@runs
async def test_what_pagemap_says_of_a_page(paging):
    user = await boot(paging=paging)
    await user.mmap(4 * P, RW, FIXED, addr=AT)
    await user.store(AT, 1)
    await user.load(AT + P)
    await user.store(AT + 2 * P, 1)
    await user.mprotect(AT + 2 * P, P, PROT_NONE)
    own, zero, locked, none, hole = await pagemap(user, AT, 5)
    assert own == PRESENT | EXCLUSIVE | (await frame(user, AT)).pfn
    assert zero == PRESENT | (await frame(user, AT + P)).pfn
    assert locked & (PRESENT | EXCLUSIVE) == PRESENT | EXCLUSIVE
    assert (none, hole) == (0, 0)
    at = await user.mmap(P, RW, MAP_PRIVATE, await file_of(user, b"x"))
    await user.load(at)
    assert (await pagemap(user, at))[0] & ~0xFFFFFF == PRESENT | FILE | EXCLUSIVE
    await user.store(at, 1)
    assert (await pagemap(user, at))[0] & ~0xFFFFFF == PRESENT | EXCLUSIVE
    await user.fork()
    assert (await pagemap(user, at))[0] & ~0xFFFFFF == PRESENT


@runs
async def test_frames_are_not_told_to_users():
    user = await boot(credentials=cred.of_user(1000))
    at   = await filled(user)
    assert await pagemap(user, at) == [PRESENT | EXCLUSIVE]


@runs
async def test_pagemap_is_read_in_entries_up_to_the_last_address():
    user = await boot()
    fd   = await user.open("/proc/self/pagemap", O_RDONLY)
    buf  = await user.mmap(P)
    for count, offset in ((8, 4), (7, 0)):
        with raises_errno(Errno.EINVAL):
            await user.pread(fd, buf, count, offset)
    last = (1 << 47) // P * 8 - 8
    assert await user.pread(fd, buf, 8, last + 8) == 0
    assert await user.lseek(fd, 16, SEEK_CUR) == 16
    with raises_errno(Errno.EINVAL):
        await user.lseek(fd, 0, SEEK_END)


# status

@runs
async def test_status_tells_of_the_task():
    user  = await boot(credentials=cred.of_user(1000))
    child = await user.fork()
    mine, its = await status(user), await status(user, child.pid)
    assert (mine["Name"], mine["State"], mine["TracerPid"]) == ("init", "R (running)", "0")
    assert (its["Tgid"], its["Pid"], its["PPid"]) == (str(child.pid), str(child.pid), str(user.pid))
    assert mine["Uid"] == mine["Gid"] == "\t".join(["1000"] * 4)
    await user.ptrace(PTRACE_ATTACH, child.pid)
    assert (await status(user, child.pid))["TracerPid"] == str(user.pid)


@runs
async def test_status_counts_memory_from_the_entries():
    user   = await boot()
    await status(user)    # the buffer that it is read into is there from now on
    before = {name: int(size.split()[0]) for name, size in (await status(user)).items()
              if name.startswith(("Vm", "Rss"))}
    at     = await user.mmap(4 * P)
    await user.store(at, 1)
    await user.load(at + P)    # the page of zeros does not count
    await user.load(await user.mmap(P, PROT_READ, MAP_PRIVATE, await file_of(user, b"x")))
    after  = await status(user)
    grown  = {name: int(after[name].split()[0]) - size for name, size in before.items()}
    assert grown == {"VmSize": 20, "VmLck": 0, "VmRSS": 8, "RssAnon": 4}
    assert re.fullmatch(r" *\d+ kB", after["VmRSS"]) and len(after["VmRSS"]) == 11


@runs
async def test_status_of_signals_and_threads():
    user   = await boot()
    await user.sigprocmask(SIGUSR1, SIGTERM)
    thread = await user.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
    await user.kill(user.pid, SIGTERM)
    lines = await status(user, user.pid)
    assert lines["Threads"] == "2"
    assert int(lines["ShdPnd"], 16) == 1 << SIGTERM - 1
    assert int(lines["SigBlk"], 16) == 1 << SIGUSR1 - 1 | 1 << SIGTERM - 1
    assert int(lines["SigCgt"], 16) == 1 << 10 | 1 << 6    # of SIGSEGV and SIGBUS
    own = f"/proc/{user.pid}/task/{thread.pid}/status"
    assert f"Pid:\t{thread.pid}\n" in await text(user, own)


@runs
async def test_a_zombie_has_a_status_without_memory():
    user  = await boot()
    child = await user.fork()
    fd    = await user.open(f"/proc/{child.pid}/status", O_RDONLY)
    await child.exit()
    lines = await status(user, child.pid)
    assert lines["State"] == "Z (zombie)" and "VmSize" not in lines
    await user.wait()
    with raises_errno(Errno.ESRCH):
        await user.read_bytes(fd, 8)


# getrusage

async def faults(user: User, who: int) -> int:
    """Return the count of page faults."""
    ru = await user.mmap(P)
    await user.store(ru, 0)
    await user.syscall(NR_getrusage, who & 0xFFFF_FFFF, ru)
    return await user.load(ru + 8 * 8)


@EACH_ERA
@runs
async def test_faults_are_counted_for_those_who_took_them(era):
    user   = await boot(era=era)
    thread = await user.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
    at     = await user.mmap(8 * P)
    before = [await faults(user, who) for who in (RUSAGE_SELF, RUSAGE_THREAD)]
    await user.store(at, 1)
    await user.load(at + P)
    await thread.store(at + 2 * P, 1)
    after  = [await faults(user, who) for who in (RUSAGE_SELF, RUSAGE_THREAD)]
    # Each look takes one fault of its own, in the page that the numbers go to.
    assert [new - old for new, old in zip(after, before, strict=True)] == [3 + 2, 2 + 2]
    await thread.syscall(60, 0)    # exit: the process keeps the count
    assert await faults(user, RUSAGE_SELF) - after[0] == 2


@runs
async def test_faults_of_a_child_count_once_it_has_been_waited_for():
    user  = await boot()
    child = await user.fork()
    at    = await child.mmap(3 * P)
    for page in range(3):
        await child.store(at + page * P, 1)
    await child.exit()
    assert await faults(user, RUSAGE_CHILDREN) == 0
    await user.wait()
    assert await faults(user, RUSAGE_CHILDREN) == 3


@runs
async def test_what_getrusage_refuses():
    user = await boot()
    for who, errno in ((2, Errno.EINVAL), (-2, Errno.EINVAL), (0, Errno.EFAULT)):
        with raises_errno(errno):
            await user.syscall(NR_getrusage, who & 0xFFFF_FFFF, 8)
