"""User and group ids, what goes with them, and who may trace whom.

The results are those of a real Linux 6.18, where it has no Yama.
"""

from dataclasses import replace

import pytest

from sw.arch.x86.entry.syscalls import syscall_64 as nr
from sw.arch.x86.entry.syscalls.syscall_64 import NR_prctl
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_DAC_OVERRIDE, CAP_FULL_SET, CAP_SYS_PTRACE
from sw.include.linux.prctl import (
    PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_PTRACER, PR_SET_PTRACER_ANY,
)
from sw.include.linux.ptrace import PTRACE_ATTACH, PTRACE_TRACEME
from sw.kernel.cred import cred
from sw.security.yama.yama_lsm import ptracer_relations
from sw.user import User

from .arch_support import processor
from .user_support import EACH_PAGING, boot, raises_errno, runs


KEEP = -1


@pytest.mark.parametrize("calls, uids, gids, caps, dumpable", [
    ("", (0, 0, 0, 0), (0, 0, 0, 0), "PE", 1),
    ("setuid 1000", (1000,) * 4, (0,) * 4, "", 0),
    ("setresuid 1000 1000 0", (1000, 1000, 0, 1000), (0,) * 4, "P", 0),
    ("setresuid 1000 1000 0, setuid 0", (1000, 0, 0, 0), (0,) * 4, "PE", 0),
    ("setresuid 1000 1000 0, setresuid -1 0 -1", (1000, 0, 0, 0), (0,) * 4, "PE", 0),
    ("setresuid -1 1000 -1", (0, 1000, 0, 1000), (0,) * 4, "P", 0),
    ("setreuid 1000 -1", (1000, 0, 0, 0), (0,) * 4, "PE", 1),
    ("setreuid -1 1000", (0, 1000, 1000, 1000), (0,) * 4, "P", 0),
    ("setreuid 1000 2000", (1000, 2000, 2000, 2000), (0,) * 4, "", 0),
    ("setresuid 1000 2000 2000, setreuid 2000 1000", (2000, 1000, 1000, 1000), (0,) * 4, "", 0),
    ("setresuid 1000 2000 3000, setreuid 3000 -1 EPERM, setreuid -1 3000",
     (1000, 3000, 3000, 3000), (0,) * 4, "", 0),
    ("setgid 1000", (0,) * 4, (1000,) * 4, "PE", 0),
    ("setresgid 1000 2000 3000", (0,) * 4, (1000, 2000, 3000, 2000), "PE", 0),
    ("setresgid 1000 2000 3000, setuid 1, setgid 3000, setgid 1000, setgid 2000 EPERM, "
     "setresgid 4000 -1 -1 EPERM", (1,) * 4, (1000, 1000, 3000, 1000), "", 0),
    ("setregid 1000 2000", (0,) * 4, (1000, 2000, 2000, 2000), "PE", 0),
    ("setresgid 1000 2000 3000, setuid 1, setregid 2000 1000", (1,) * 4,
     (2000, 1000, 1000, 1000), "", 0),
    ("setfsuid 1000", (0, 0, 0, 1000), (0,) * 4, "PE-fs", 0),
    ("setfsuid 1000, setfsuid 0", (0,) * 4, (0,) * 4, "PE", 0),
    ("setfsuid -1", (0,) * 4, (0,) * 4, "PE", 1),
    ("setfsgid 1000", (0,) * 4, (0, 0, 0, 1000), "PE", 0),
    ("setuid 1000, setfsuid 5", (1000,) * 4, (0,) * 4, "", 0),
    ("setuid -1 EINVAL, setgid -1 EINVAL, setresuid -1 -1 -1, setuid 0", (0,) * 4, (0,) * 4,
     "PE", 1),
    ("setuid 4294968296", (1000,) * 4, (0,) * 4, "", 0),
    ("setuid 1000, prctl 4 1 0 0 0, setresuid 1000 1000 1000", (1000,) * 4, (0,) * 4, "", 1),
    ("setresuid 1000 1000 2000, prctl 4 1 0 0 0, setresuid -1 2000 -1",
     (1000, 2000, 2000, 2000), (0,) * 4, "", 0),
])
@runs
async def test_ids_and_what_goes_with_them(calls, uids, gids, caps, dumpable):
    user = await boot()
    for call in filter(None, calls.split(", ")):
        name, *words = call.split()
        errno = words.pop() if words[-1].startswith("E") else None
        try:
            await user.syscall(getattr(nr, f"NR_{name}"), *map(int, words))
            assert errno is None
        except KernelError as error:
            assert error.errno.name == errno
    has = user.task.cred
    assert (has.uid, has.euid, has.suid, has.fsuid) == uids
    assert (has.gid, has.egid, has.sgid, has.fsgid) == gids
    assert has.cap_permitted == (CAP_FULL_SET if "P" in caps else frozenset())
    less = {CAP_DAC_OVERRIDE} if "fs" in caps else frozenset()
    assert has.cap_effective == (CAP_FULL_SET - less if "E" in caps else frozenset())
    assert await user.syscall(NR_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) == dumpable


@pytest.mark.parametrize("name, ids", [("uid", (1, 2, 3)), ("gid", (4, 5, 6))])
@EACH_PAGING
@runs
async def test_ids_are_told(name, ids, paging):
    user = await boot(paging)
    at   = await user.mmap(4096)
    await user.syscall(nr.NR_setresgid, 4, 5, 6)
    await user.syscall(nr.NR_setresuid, 1, 2, 3)
    await user.syscall(getattr(nr, f"NR_getres{name}"), at, at + 4, at + 8)
    assert tuple([await user.load(at + offset, 4) for offset in (0, 4, 8)]) == ids
    assert await user.syscall(getattr(nr, f"NR_get{name}")) == ids[0]
    assert await user.syscall(getattr(nr, f"NR_gete{name}")) == ids[1]
    assert await user.syscall(getattr(nr, f"NR_setfs{name}"), KEEP) == ids[1]
    with raises_errno(Errno.EFAULT):
        await user.syscall(getattr(nr, f"NR_getres{name}"), 8, 8, 8)


@pytest.mark.parametrize("option, value, errno", [
    (PR_SET_DUMPABLE, 2, Errno.EINVAL), (PR_SET_DUMPABLE, -1, Errno.EINVAL),
    (200, 0, Errno.EINVAL), (0, 0, Errno.EINVAL), (PR_SET_PTRACER, 0, Errno.EINVAL),
    (15, 0, Errno.ENOSYS),                      # PR_SET_NAME
])
@runs
async def test_refused_switches(option, value, errno):
    user = await boot()
    with raises_errno(errno):
        await user.syscall(NR_prctl, option, value, 0, 0, 0)


@runs
async def test_a_process_that_is_not_dumpable_is_closed_to_its_owner_s_others():
    user  = await boot(credentials=cred.of_user(1000))
    other = await user.fork()
    path  = f"/proc/{other.pid}/mem"
    await user.close(await user.open(path))
    await other.syscall(NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)
    with raises_errno(Errno.EACCES):
        await user.open(path)
    with raises_errno(Errno.EPERM):
        await user.ptrace(PTRACE_ATTACH, other.pid)
    child = await other.fork()                  # a fork inherits it
    assert await child.syscall(NR_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
    with raises_errno(Errno.EACCES):            # the file is root's now
        await other.open("/proc/self/mem")
    await other.syscall(NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)
    await user.close(await user.open(path))


@runs
async def test_who_has_more_capabilities_cannot_be_traced():
    user  = await boot(credentials=cred.of_user(1000))
    other = await User.create(user.cpu, credentials=cred.of_user(1000, CAP_DAC_OVERRIDE))
    with raises_errno(Errno.EPERM):
        await user.ptrace(PTRACE_ATTACH, other.pid)
    await other.ptrace(PTRACE_ATTACH, user.pid)


@runs
async def test_a_parent_with_fewer_capabilities_cannot_be_made_the_tracer():
    user  = await boot()
    child = await user.fork()
    user.task.cred = cred.of_user(0)
    user.task.cred = replace(user.task.cred, cap_permitted=frozenset(), cap_effective=frozenset())
    with raises_errno(Errno.EPERM):
        await child.ptrace(PTRACE_TRACEME)


# Yama

@pytest.mark.parametrize("scope, parent, sibling, able, traceme", [
    (None, True,  True,  True,  True),
    (0,    True,  True,  True,  True),
    (1,    True,  False, True,  True),
    (2,    False, False, True,  False),
    (3,    False, False, False, False),
])
@runs
async def test_scopes_of_yama(scope, parent, sibling, able, traceme):
    user  = await boot(credentials=cred.of_user(1000), yama_ptrace_scope=scope)
    child = await user.fork()
    other = await user.fork()
    root  = await User.create(user.cpu, credentials=cred.of_user(1000, CAP_SYS_PTRACE))

    async def attaches(tracer: User) -> bool:
        try:
            await tracer.ptrace(PTRACE_ATTACH, child.pid)
        except KernelError as error:
            assert error.errno == Errno.EPERM
            return False
        await tracer.ptrace(17, child.pid)
        return True

    async def opens(tracer: User) -> bool:
        try:
            await tracer.open(f"/proc/{child.pid}/mem")
        except KernelError as error:
            assert error.errno == Errno.EACCES
            return False
        return True

    for tracer, may in ((user, parent), (other, sibling), (root, able)):
        assert await attaches(tracer) is may
        assert await opens(tracer) is may
    await child.open("/proc/self/mem")          # one's own memory is nothing to Yama
    if traceme:
        await child.ptrace(PTRACE_TRACEME)
    else:
        with raises_errno(Errno.EPERM):
            await child.ptrace(PTRACE_TRACEME)


@pytest.mark.parametrize("named, traces", [
    ("other", True), ("its parent", True), (PR_SET_PTRACER_ANY, True), (0, False),
    ("a third", False),
])
@runs
async def test_a_process_names_its_tracer(named, traces):
    user  = await boot(credentials=cred.of_user(1000), yama_ptrace_scope=1)
    child = await user.fork()
    third = await user.fork()
    other = await user.fork()
    pid   = {"other": other.pid, "its parent": user.pid, "a third": third.pid}.get(named, named)
    await child.syscall(NR_prctl, PR_SET_PTRACER, other.pid, 0, 0, 0)
    await child.syscall(NR_prctl, PR_SET_PTRACER, pid, 0, 0, 0)
    if traces:
        await other.ptrace(PTRACE_ATTACH, child.pid)
    else:
        with raises_errno(Errno.EPERM):
            await other.ptrace(PTRACE_ATTACH, child.pid)


@runs
async def test_a_name_goes_with_the_process_that_had_it():
    user  = await boot(credentials=cred.of_user(1000), yama_ptrace_scope=1)
    child = await user.fork()
    other = await user.fork()
    await child.syscall(NR_prctl, PR_SET_PTRACER, other.pid, 0, 0, 0)
    with raises_errno(Errno.EINVAL):
        await child.syscall(NR_prctl, PR_SET_PTRACER, 4711, 0, 0, 0)
    await other.exit()
    assert ptracer_relations(user.cpu) == {child.pid: other.pid}
    assert await user.wait() == other.pid
    assert ptracer_relations(user.cpu) == {}


def test_a_scope_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="yama_ptrace_scope is 0 to 3, not 4"):
        processor(yama_ptrace_scope=4)
