"""How a mapping that grows downwards grows: its new part, and why it is refused."""

import pytest

from sw.errno import Errno
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.mmap_lock import mmap_read_lock
from sw.include.linux.signal_types import SI_USER, SIGKILL, kernel_siginfo
from sw.mm.mmap.find import vma_lookup
from sw.mm.mmap.stack import expand_downwards, expand_stack

from .user_support import boot, raises_errno, runs


RW    = PROT_READ | PROT_WRITE
ANON  = MAP_PRIVATE | MAP_ANONYMOUS
STACK = ANON | MAP_GROWSDOWN | MAP_FIXED
AT    = 0x7000_0000_0000
BELOW = AT - (16 << 20)


@pytest.mark.parametrize("flags, at, address, errno", [
    (ANON | MAP_FIXED, AT,       AT - 4096,          Errno.EFAULT),   # no stack
    (STACK,            0x2_0000, 0xFFFF,             Errno.EPERM),    # below vm.mmap_min_addr
    (STACK,            AT,       BELOW + 256 * 4096, Errno.ENOMEM),   # 255 pages above another
    (STACK,            AT,       AT - (8 << 20),     Errno.ENOMEM),   # RLIMIT_STACK
])
@runs
async def test_why_a_mapping_does_not_grow(flags, at, address, errno):
    user = await boot()
    await user.mmap(4096, RW, flags, addr=at)
    await user.mmap(4096, RW, ANON | MAP_FIXED, addr=BELOW)
    stack = vma_lookup(user.task.mm, at)
    with raises_errno(errno):
        expand_downwards(user.cpu, stack, address)
    assert stack.vm_start == at


@runs
async def test_a_stack_grows_by_whole_pages_down_to_the_lowest_address():
    user = await boot()
    await user.mmap(4096, RW, STACK, addr=0x2_0000)
    stack = vma_lookup(user.task.mm, 0x2_0000)
    expand_downwards(user.cpu, stack, 0x1_0FFF)
    assert stack.vm_start == 0x1_0000


@runs
async def test_the_pages_of_a_stack_keep_their_numbers_when_it_grows():
    user = await boot()
    await user.mmap(4096, RW, STACK, addr=AT)
    await user.store(AT - 3 * 4096, 1)
    stack = vma_lookup(user.task.mm, AT)
    assert (stack.vm_start, stack.vm_pgoff) == (AT - 3 * 4096, (AT >> 12) - 3)


@runs
async def test_the_stack_of_a_dying_task_does_not_grow_and_its_lock_is_dropped():
    user = await boot()
    await user.mmap(4096, RW, STACK, addr=AT)
    mm   = user.task.mm
    user.task.pending.append(kernel_siginfo(SIGKILL, SI_USER))
    await mmap_read_lock(user.cpu, mm)
    assert await expand_stack(user.cpu, mm, AT - 4096) is None
    assert mm.mmap_lock.readers == [] and vma_lookup(mm, AT).vm_start == AT
