"""The vDSO, vvar and the place of the vsyscall page: who reaches what."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_mlock, NR_process_vm_readv
from sw.audit import audit
from sw.errno import Errno
from sw.include.linux.fs import O_RDONLY
from sw.include.linux.mman import (
    MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED, MADV_NORMAL,
    MADV_POPULATE_READ, MADV_WIPEONFORK, MREMAP_MAYMOVE, PROT_EXEC, PROT_NONE, PROT_READ,
    PROT_WRITE,
)
from sw.include.linux.signal_types import SEGV_ACCERR, SEGV_MAPERR, SIGBUS, SIGSEGV, Signal
from sw.user import User

from .user_support import EACH_ERA, EACH_PAGING, boot, frame, raises_errno, runs


P        = 4096
VSYSCALL = 0xFFFF_FFFF_FF60_0000

NOTHING  = None    # no error


async def prepared(**options) -> tuple[User, int, int, int]:
    """Make a process with both, and a page of its own; return their addresses too."""
    user = await boot(vdso=True, **options)
    vvar, vdso = [vma.vm_start for vma in user.task.mm.mmap]
    return user, vdso, vvar, await user.mmap(P)


async def caught(call) -> tuple[int, int, int]:
    """Return number, code and error code of the signal that a load or a store gets."""
    with pytest.raises(Signal) as signal:
        await call
    return signal.value.signo, signal.value.si_code, signal.value.error_code


@runs
async def test_a_process_has_none_unless_the_kernel_is_told_so():
    user = await boot()
    assert user.task.mm.mmap == []


@EACH_PAGING
@EACH_ERA
@runs
async def test_code_can_be_read_executed_and_changed_by_force_for_one_process_alone(era, paging):
    user, vdso, _, buf = await prepared(era=era, paging=paging)
    other = await User.create(user.cpu)
    assert await user.load(vdso, 4) == await user.fetch(vdso, 4) == int.from_bytes(b"\x7fELF",
                                                                                 "little")
    assert (await caught(user.store(vdso, 1)))[:2] == (SIGSEGV, SEGV_ACCERR)
    mem = await user.open("/proc/self/mem")
    assert await user.pread(mem, buf, 4, vdso) == 4
    shared = await frame(user, vdso)
    assert await user.pwrite(mem, buf, 2, vdso + 1) == 2
    await user.load(vdso, 4)
    assert await frame(user, vdso) is not shared
    at, = [vma.vm_start for vma in other.task.mm.mmap if vma.vm_start == vdso]
    assert await other.load_bytes(at, 4) == b"\x7fELF"
    assert await frame(other, at) is shared
    await user.madvise(vdso, P, MADV_DONTNEED)
    assert await user.load_bytes(vdso, 4) == b"\x7fELF"
    audit(user.cpu)


@EACH_PAGING
@EACH_ERA
@runs
async def test_data_is_read_by_its_program_and_by_nobody_else(era, paging):
    user, _, vvar, buf = await prepared(era=era, paging=paging)
    assert await user.load(vvar) == 0
    assert (await caught(user.load(vvar + P)))[0] == SIGBUS
    assert (await caught(user.store(vvar, 1)))[:2] == (SIGSEGV, SEGV_ACCERR)
    mem = await user.open("/proc/self/mem")
    for call in (user.pread(mem, buf, 4, vvar), user.pwrite(mem, buf, 4, vvar)):
        with raises_errno(Errno.EIO):
            await call
    _, writer = await user.pipe()
    with raises_errno(Errno.EFAULT):
        await user.vmsplice(writer, (vvar, 4))
    assert await user.write(writer, vvar, 4) == 4    # the kernel reads it as its program does
    child = await user.fork()
    assert await child.load(vvar) == 0
    await child.exit()
    await user.wait()
    audit(user.cpu)


@pytest.mark.parametrize("what, advice, errno", [
    ("vdso", MADV_DONTNEED,      NOTHING),      ("vvar", MADV_DONTNEED,      Errno.EINVAL),
    ("vdso", MADV_DONTFORK,      Errno.EINVAL), ("vvar", MADV_DONTFORK,      Errno.EINVAL),
    ("vdso", MADV_DOFORK,        NOTHING),      ("vvar", MADV_DOFORK,        Errno.EINVAL),
    ("vdso", MADV_WIPEONFORK,    Errno.EINVAL), ("vvar", MADV_WIPEONFORK,    Errno.EINVAL),
    ("vdso", MADV_POPULATE_READ, NOTHING),      ("vvar", MADV_POPULATE_READ, Errno.EINVAL),
    ("vdso", MADV_DONTDUMP,      Errno.EINVAL), ("vvar", MADV_DONTDUMP,      NOTHING),
    ("vdso", MADV_DODUMP,        Errno.EINVAL), ("vvar", MADV_DODUMP,        Errno.EINVAL),
    ("vdso", MADV_NORMAL,        NOTHING),      ("vvar", MADV_NORMAL,        NOTHING),
])
@runs
async def test_advice_about_a_page_of_them(what, advice, errno):
    user, vdso, vvar, _ = await prepared()
    at = vdso if what == "vdso" else vvar
    if errno is None:
        await user.madvise(at, P, advice)
    else:
        with raises_errno(errno):
            await user.madvise(at, P, advice)


@runs
async def test_they_stay_whole_and_what_they_are():
    user, vdso, vvar, _ = await prepared()
    for errno, call in (
            (Errno.EINVAL, user.mprotect(vdso, P, PROT_READ | PROT_WRITE | PROT_EXEC)),
            (Errno.EACCES, user.mprotect(vvar, P, PROT_READ | PROT_WRITE)),
            (Errno.EACCES, user.mprotect(vvar, P, PROT_READ | PROT_EXEC)),
            (Errno.EINVAL, user.mprotect(vvar, P, PROT_NONE)),
            (Errno.EINVAL, user.munmap(vdso, P)),
            (Errno.EFAULT, user.mremap(vdso, 2 * P, 3 * P, MREMAP_MAYMOVE))):
        with raises_errno(errno):
            await call
    assert await user.syscall(NR_mlock, vvar, P) == 0
    await user.mprotect(vdso, 2 * P, PROT_READ | PROT_WRITE | PROT_EXEC)
    await user.store(vdso, 1)
    assert await user.load(vdso) == 1
    moved = await user.mremap(vdso, 2 * P, 2 * P, 3, 0x2000_0000)
    await user.munmap(moved, 2 * P)
    await user.munmap(vvar, 4 * P)


@runs
async def test_maps_has_their_names():
    user, *_ = await prepared()
    fd   = await user.open("/proc/self/maps", O_RDONLY)
    rows = [row.split() for row in (await user.read_bytes(fd, 999)).decode().splitlines()]
    assert [(row[1], row[-1]) for row in rows if row[-1].startswith("[")] == [
        ("r--p", "[vvar]"), ("r-xp", "[vdso]")]


@EACH_ERA
@runs
async def test_the_place_of_the_vsyscall_page_is_not_a_programs(era):
    user, _, _, buf = await prepared(era=era)
    mem = await user.open("/proc/self/mem")
    with raises_errno(Errno.EINVAL):
        await user.pread(mem, buf, 4, VSYSCALL)
    await user.lseek(mem, VSYSCALL)
    for call in (user.read(mem, buf, 4), user.write(mem, buf, 4)):
        with raises_errno(Errno.EIO):
            await call
    assert await caught(user.load(VSYSCALL)) == (SIGSEGV, SEGV_MAPERR, 5)
    local  = await user.mmap(P)
    await user.store_bytes(local, b"".join(
        number.to_bytes(8, "little") for number in (buf, 4, VSYSCALL, 4)))
    with raises_errno(Errno.EFAULT):
        await user.syscall(NR_process_vm_readv, user.pid, local, 1, local + 16, 1, 0)
