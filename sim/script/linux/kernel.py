"""The kernel of this machine, as a host of scripts.

Each script has a folder of its own, and processes that are killed at its end. They belong to an
ordinary user, also if root plays, unless the script needs root.
"""

import ctypes
import fcntl
import os
import resource
import shutil
import signal
import tempfile
import time
from types import TracebackType
from typing import Self

from .agent import agent_file
from .folder import folder_on_disk
from .process import AGENT_FD, LinuxProcess, letter_of
from .slots import SLOTS_FD, Slots


__all__ = ["LinuxHost"]


#: The ordinary user, if root plays: one that owns nothing on most machines.
_UID = 1000

_CHDIR, _UMASK, _SETSID, _SETGROUPS, _SETRESUID, _SETRESGID = 80, 95, 112, 116, 117, 119
_PRCTL, _SCHED_SETAFFINITY, _PRLIMIT64, _CLOSE_RANGE = 157, 203, 302, 436

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36

_ASK, _ADDR_NO_RANDOMIZE = 0xFFFF_FFFF, 0x004_0000

#: Bytes of a set of processors.
_CPU_MASK = 1024

_STACK, _VDSO = ("[stack]",), ("[vdso]", "[vvar]", "[vvar_vclock]")

_PAUSE = 0.002  # seconds

#: How often a dead child's parent is given time to die too, so that the child is ours.
_PAUSES = 100

_libc = ctypes.CDLL(None, use_errno=True)


class LinuxHost:
    """A :class:`sim.script.host.Host`, for one script; its processes end with the ``with`` block.

    Raises :class:`sim.errors.Unavailable` on another machine than Linux on x86-64.

    Parameters
    ----------
    root : :class:`bool`
        Processes are root's unless they say otherwise.
    vdso : :class:`bool`
        Processes keep the mappings of the vDSO.
    """

    patience = 25

    def __init__(self, *, root: bool = False, vdso: bool = False):
        self._vdso   = vdso
        self._slots  = Slots()
        self._agent  = _high(agent_file())
        self._born:  list[LinuxProcess] = []
        self._uid    = 0 if root else os.getuid() or _UID
        self._folder = tempfile.mkdtemp(prefix="dragoncage-", dir=folder_on_disk())
        os.chmod(self._folder, 0o755)
        self._own(self._folder)

    def __enter__(self) -> Self:
        # Orphans are handed to this process, which can wait for their end.
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._born:
            process.kill()
        for process in self._born:
            for _ in range(_PAUSES):
                if process.reaped():
                    break
                _sleep()
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._agent)
        self._slots.close()

    def _own(self, path: str) -> None:
        if os.getuid() == 0:
            os.chown(path, self._uid, self._uid)

    async def pause(self, looks: int) -> None:
        """Let the others go on for some milliseconds."""
        if looks:
            _sleep()

    async def file(self, path: str, contents: bytes, mode: int) -> None:
        """Make a file in the script's folder."""
        whole = os.path.join(self._folder, path)
        _write(whole, contents)
        os.chmod(whole, mode)
        self._own(whole)

    async def process(self, name: str, uid: int | None) -> LinuxProcess:
        """Begin a process, which has no descriptors but two with high numbers."""
        process = LinuxProcess(self._slots.new(), self._slots, self._born,
                               _STACK if self._vdso else _STACK + _VDSO)
        process.slot.expect()
        self._spawn(process)
        process.begin()
        await self._settle_in(process, self._uid if uid is None else uid)
        await process.handle()
        return process

    def _spawn(self, process: LinuxProcess) -> None:
        """Begin it with its memory where it always is.

        A fault in a file maps what else is in its aligned block of 16 pages: which these are must
        not depend on chance.
        """
        own = _libc.personality(_ASK)
        _libc.personality(own | _ADDR_NO_RANDOMIZE)
        try:
            self._exec(process)
        finally:
            _libc.personality(own)

    def _exec(self, process: LinuxProcess) -> None:
        os.posix_spawn(
            f"/proc/self/fd/{AGENT_FD}", ["agent", letter_of(process.slot)], {},
            file_actions=[(os.POSIX_SPAWN_DUP2, self._slots.fd, SLOTS_FD),
                          (os.POSIX_SPAWN_DUP2, self._agent, AGENT_FD)],
            setsigmask=[], setsigdef=[number for number in signal.valid_signals()
                                      if number not in (signal.SIGKILL, signal.SIGSTOP)])

    async def _settle_in(self, process: LinuxProcess, uid: int) -> None:
        """Make it a process of its own session, folder and user, without a core file.

        It loses its stack, which it does not use, and the mappings of the vDSO unless they are
        wanted, so that there is nothing above its own.

        It stays on one processor, and so do its children: each processor holds references to pages
        that it has made, for a while, and only there does a write to such a page need no copy.
        """
        cpus = sorted(os.sched_getaffinity(0))
        mask = 1 << cpus[os.getpid() % len(cpus)]
        await process.put(bytes(16) + mask.to_bytes(_CPU_MASK, "little"))
        calls: list[tuple[int | str, ...]] = [
            (_SCHED_SETAFFINITY, 0, _CPU_MASK, process.stage + 16),
            (_PRLIMIT64, 0, resource.RLIMIT_CORE, process.stage, 0),
            (_CLOSE_RANGE, 0, SLOTS_FD - 1, 0), (_CLOSE_RANGE, AGENT_FD + 1, (1 << 32) - 1, 0),
            (_SETSID,), (_UMASK, 0o022), (_CHDIR, self._folder)]
        if uid != os.getuid():
            # Who changes its user is not dumpable any more; the program has no secrets.
            calls += [(_SETGROUPS, 0, 0), (_SETRESGID, uid, uid, uid), (_SETRESUID, uid, uid, uid),
                      (_PRCTL, _PR_SET_DUMPABLE, 1, 0, 0)]
        for number, *args in calls:
            ret = await process.syscall(int(number), *args)
            if ret < 0:
                raise OSError(-ret, f"system call {number} of a script's process")
        await process.strip()


def _high(fd: int) -> int:
    """Give a descriptor a number above those that processes have for it."""
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, AGENT_FD + 1)
    os.close(fd)
    return high


def _sleep() -> None:
    time.sleep(_PAUSE)


def _write(path: str, contents: bytes) -> None:
    with open(path, "wb") as file:
        file.write(contents)
