"""Numbers of a program: what its registers hold, and what a system call makes of that."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_close, NR_getpid, NR_kill, NR_munmap, NR_open, NR_read, NR_wait4,
)
from sw.arch.x86.include.asm.pgtable_types import (
    PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE,
)
from sw.errno import Errno
from sw.fs.ramfs.inode import rootfs
from sw.include.linux.fs import O_CREAT, O_RDWR, S_IFREG, SEEK_CUR
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE
from sw.include.linux.signal_types import SIGTERM, Killed
from sw.include.linux.syscalls import (
    int_, long, position, size_t, umode_t, unsigned_int, unsigned_long,
)
from sw.include.linux.wait import WNOHANG
from sw.kernel.trace.ftrace import ret_stack
from sw.mm.mmap.find import vma_lookup
from sw.processor.strings import load_bytes, rep_movs, rep_stos, store_bytes
from sw.user import User
from sw.variables import per_cpu_ptr

from .arch_support import booted, flat, run
from .user_support import EACH_PAGING, boot, file_of, filled, raises_errno, runs


FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED

#: What an address register cannot hold.
WIDE = {PAGING_64: 1 << 64, PAGING_64_L5: 1 << 64, PAGING_32: 1 << 32, PAGING_PAE: 1 << 32}

WHAT_IS = {
    "load of 3 bytes":  (lambda user, at: user.load(at, 3), "size of an access"),
    "store of 3 bytes": (lambda user, at: user.store(at, 0x112233, 3), "size of an access"),
    "fetch of 3 bytes": (lambda user, at: user.fetch(at, 3), "size of an access"),
    "wide value":       (lambda user, at: user.store(at, 0x100, 1),
                         "the value of an access of size 1 is a number of 8 bits, not 0x100"),
    "negative value":   (lambda user, at: user.store(at, -1), "value .* 64 bits, not -0x1"),
    "negative length":  (lambda user, at: user.load_bytes(at, -1),
                         "the number of bytes is a number of 64 bits, not -0x1"),
    "text":             (lambda user, at: user.store_bytes(at, "text"),
                         "what is stored are bytes, not 'text'"),
    "no address":       (lambda user, at: user.load(None),
                         "the address is a whole number, not None"),
    "negative address": (lambda user, at: user.load(-8), "the address is a number of .. bits"),
}


@pytest.mark.parametrize("what", WHAT_IS)
@EACH_PAGING
@runs
async def test_what_no_instruction_can_do_is_refused_and_changes_nothing(paging, what):
    user = await boot(paging)
    at   = await filled(user, 0x1122)
    attempt, sentence = WHAT_IS[what]
    with pytest.raises((ValueError, TypeError), match=sentence):
        await attempt(user, at)
    assert await user.load(at) == 0x1122


@pytest.mark.parametrize("attempt", [
    lambda user, at: user.load(at), lambda user, at: user.store(at, 1),
    lambda user, at: user.fetch(at), lambda user, at: user.load_bytes(at, 1),
    lambda user, at: user.store_bytes(at, b"1"),
])
@EACH_PAGING
@runs
async def test_an_address_that_no_register_holds_is_refused(paging, attempt):
    user = await boot(paging)
    bits = WIDE[paging].bit_length() - 1
    with pytest.raises(ValueError, match=f"the address is a number of {bits} bits, not 0x1"):
        await attempt(user, WIDE[paging] + await filled(user))


def test_the_processor_refuses_it_too():
    cpu = flat()
    for attempt in (cpu.load(8, 3), cpu.store(8, 3, 1), cpu.exchange(8, 1, 256),
                    cpu.compare_exchange(8, 1, 256, 0), load_bytes(cpu, 1 << 64, 1),
                    load_bytes(cpu, 8, -1), store_bytes(cpu, -1, b""), rep_movs(cpu, 8, 1 << 64, 0),
                    rep_movs(cpu, -1, 8, 0), rep_movs(cpu, 8, 16, -1), rep_stos(cpu, 8, 256, 1),
                    rep_stos(cpu, 8, 0, -1), cpu.invlpg(-1)):
        with pytest.raises(ValueError, match="bits, not|bytes, not"):
            run(attempt)
    assert cpu.bus.done == [] and cpu.bus.mmu.memory.read(8, 8) == 0


# The types of C

@pytest.mark.parametrize("c_type, paging, value, argument", [
    (int_,          PAGING_64, -1,                    -1),
    (int_,          PAGING_64, 0xFFFF_FFFF,           -1),
    (int_,          PAGING_64, 0x8000_0000,           -0x8000_0000),
    (int_,          PAGING_64, 0x1_7FFF_FFFF,         0x7FFF_FFFF),
    (unsigned_int,  PAGING_64, -1,                    0xFFFF_FFFF),
    (unsigned_int,  PAGING_64, 0x1_0000_0005,         5),
    (umode_t,       PAGING_64, 0x1_01A4,              0o644),
    (long,          PAGING_64, 1 << 63,               -(1 << 63)),
    (long,          PAGING_32, 1 << 31,               -(1 << 31)),
    (long,          PAGING_64, 1 << 31,               1 << 31),
    (unsigned_long, PAGING_64, -1,                    (1 << 64) - 1),
    (unsigned_long, PAGING_64, (1 << 64) + 5,         5),
    (unsigned_long, PAGING_32, -1,                    (1 << 32) - 1),
    (size_t,        PAGING_32, (1 << 32) + 5,         5),
    (position,      PAGING_64, (1 << 64) - 1,         -1),
    (position,      PAGING_32, (1 << 63) - 1,         (1 << 63) - 1),   # two registers
    (position,      PAGING_32, 1 << 63,               -(1 << 63)),
])
def test_a_number_is_cut_to_its_type(c_type, paging, value, argument):
    assert c_type(paging, value) == argument


# Lengths and addresses

@pytest.mark.parametrize("length", [-1, -4096, (1 << 64) - 4096])
@EACH_PAGING
@runs
async def test_munmap_of_a_length_that_wraps(paging, length):
    user = await boot(paging)
    at   = await filled(user)
    with raises_errno(Errno.EINVAL):
        await user.munmap(at, length)
    assert await user.load(at, 4) == 0xABCD


@pytest.mark.parametrize("length", [-1, -4095, -4096])
@EACH_PAGING
@runs
async def test_mprotect_of_a_length_that_wraps(paging, length):
    user = await boot(paging)
    at   = await filled(user)
    with raises_errno(Errno.ENOMEM):
        await user.mprotect(at, length, PROT_READ)
    await user.store(at, 1)


@EACH_PAGING
@runs
async def test_a_length_loses_what_no_register_holds(paging):
    user, wide = await boot(paging), WIDE[paging]
    at = await user.mmap(2 * 4096)
    with raises_errno(Errno.EINVAL):
        await user.munmap(at, wide)               # 0
    with raises_errno(Errno.EINVAL):
        await user.mmap(wide)
    await user.mprotect(at, wide, PROT_READ)      # nothing
    await user.store(at, 1)
    await user.munmap(at + wide, wide + 4096)     # one page
    assert vma_lookup(user.task.mm, at) is None
    assert vma_lookup(user.task.mm, at + 4096) is not None


@pytest.mark.parametrize("addr, length, flags, errno", [
    (0,      -1,    MAP_PRIVATE | MAP_ANONYMOUS, Errno.ENOMEM),
    (0,      -4096, MAP_PRIVATE | MAP_ANONYMOUS, Errno.ENOMEM),
    (-4096,  4096,  FIXED, Errno.ENOMEM),
    (-1,     4096,  FIXED, Errno.ENOMEM),
])
@EACH_PAGING
@runs
async def test_mmap_of_what_wraps(paging, addr, length, flags, errno):
    user = await boot(paging)
    with raises_errno(errno):
        await user.mmap(length, flags=flags, addr=addr)
    assert await user.mmap(4096, addr=-4096)      # only a wish
    assert len(user.task.mm.mmap) == 1


@pytest.mark.parametrize("offset, errno", [
    (-4096,           Errno.EOVERFLOW),
    ((1 << 63) - 4096, Errno.EOVERFLOW),
    ((1 << 63) - 8192, None),
    (-1,              Errno.EINVAL),
])
@runs
async def test_positions_that_cannot_be_mapped(offset, errno):
    user = await boot()
    fd   = await file_of(user, b"page cache")
    if errno is None:
        await user.mmap(4096, PROT_READ, MAP_PRIVATE, fd, offset)
    else:
        with raises_errno(errno):
            await user.mmap(4096, PROT_READ, MAP_PRIVATE, fd, offset)


@EACH_PAGING
@runs
async def test_counts_and_buffers_of_reads(paging):
    user, wide = await boot(paging), WIDE[paging]
    buf = await user.mmap(4096)
    fd  = await file_of(user, b"page cache", O_RDWR)
    assert await user.read(fd, buf, wide) == 0
    assert await user.read(fd, buf + wide, wide + 4) == 4
    assert await user.load_bytes(buf, 4) == b"page"
    for count in (-1, wide - 1, wide // 2):
        with raises_errno(Errno.EFAULT):
            await user.read(fd, buf, count)
    with raises_errno(Errno.EFAULT):
        await user.read(fd, -1, 1)
    assert await user.lseek(fd, 0, SEEK_CUR) == 4


# Descriptors, numbers of processes and signals, paths

@runs
async def test_a_descriptor_has_32_bits():
    user = await boot()
    buf  = await user.mmap(4096)
    fd   = await file_of(user, b"page cache")
    assert await user.read((1 << 32) + fd, buf, 4) == 4
    assert await user.mmap(4096, PROT_READ, MAP_PRIVATE, (1 << 32) + fd)
    for wrong in (-1, (1 << 32) - 1, fd + 1):
        with raises_errno(Errno.EBADF):
            await user.close(wrong)
    await user.close((1 << 32) + fd)
    with raises_errno(Errno.EBADF):
        await user.close(fd)


@runs
async def test_numbers_of_processes_and_signals_have_32_bits():
    user  = await boot()
    child = await user.fork()
    await user.syscall(NR_kill, (1 << 32) + child.pid, (1 << 32) + SIGTERM)
    with pytest.raises(Killed):
        await child.load(0)
    assert await user.syscall(NR_wait4, 0xFFFF_FFFF, 0, WNOHANG, 0) == child.pid     # -1: any


@runs
async def test_the_mode_of_a_new_file_has_16_bits():
    user = await boot()
    await user.open("/file", O_CREAT | O_RDWR, 0x1_0000 | 0o600)
    assert rootfs(user.cpu)["/file"].i_mode == S_IFREG | 0o600


@runs
async def test_the_number_of_a_system_call_has_32_bits():
    user = await boot()
    assert await user.syscall((1 << 32) + NR_getpid) == user.pid
    with raises_errno(Errno.ENOSYS):
        await user.syscall(-1)


@runs
async def test_there_are_no_paths_in_memory():
    user = await boot()
    with raises_errno(Errno.EFAULT):
        await user.syscall(NR_open, await filled(user), 0, 0)


@pytest.mark.parametrize("number, arguments, sentence", [
    (NR_munmap, (4096,),          r"munmap\(\) has 2 arguments, not 1"),
    (NR_getpid, (1,),             r"getpid\(\) has 0 arguments, not 1"),
    (NR_close,  (None,),          r"argument 1 of close\(\) is a number, not None"),
    (NR_close,  ("0",),           r"argument 1 of close\(\) is a number, not '0'"),
    (NR_read,   (0, 4096.0, 1),   r"argument 2 of read\(\) is a number, not 4096\.0"),
    (NR_open,   (None, 0, 0),     r"argument 1 of open\(\) is a path, not None"),
    (NR_open,   ("/file", "r", 0), r"argument 2 of open\(\) is a number, not 'r'"),
])
@runs
async def test_mistakes_of_the_author_are_told_in_one_sentence(number, arguments, sentence):
    user = await boot()
    at   = await filled(user)
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        await user.syscall(number, *arguments)
    assert per_cpu_ptr(ret_stack, user.cpu) == [] and user.cpu.cpl == 0
    await user.mprotect(at, 4096, PROT_READ | PROT_WRITE)
    assert await user.load(at) == 0xABCD


def test_a_program_may_go_on_after_such_a_mistake():
    cpu  = booted()
    user = run(User.create(cpu))
    with pytest.raises(TypeError):
        run(user.syscall(NR_close, None))
    assert run(user.syscall(NR_getpid)) == user.pid
