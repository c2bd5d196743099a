"""Cast of the races: processes, threads, and a file that they may only read."""

from dataclasses import dataclass

from sim.explore.race import Memory
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pte_pfn, pte_present, ptep_get
from sw.fs.ramfs.inode import rootfs
from sw.init.initramfs import do_copy
from sw.kconfig import kconfig
from sw.kernel.cred import cred
from sw.kernel.fork.clone import CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.mm.pgtable_generic import pte_offset_map
from sw.processor.cpu import Cpu
from sw.user import User


__all__ = ["UID", "ReadOnlyFile", "frame_of", "process", "thread_of"]


#: The user whose processes race. The files are root's.
UID = 1000

#: First word of the file.
ORIGINAL = 0x00C0FFEE


@dataclass(frozen=True)
class ReadOnlyFile:
    """A file of one word, root's, which all may read and nobody else may write.

    Attributes
    ----------
    path : :class:`str`
        Its name.
    frame : :class:`int`
        Physical address of its page in the page cache.
    """

    path:  str
    frame: int

    @classmethod
    async def make(cls, cpu: Cpu, path: str = "/etc/passwd") -> "ReadOnlyFile":
        """Make the file."""
        await do_copy(cpu, path, ORIGINAL.to_bytes(4, "little"), mode=0o644, uid=0)
        mapping = rootfs(cpu)[path].i_mapping
        assert mapping is not None, "a file has a page cache"
        return cls(path, mapping.i_pages[0].pfn << 12)

    def judge(self, memory: Memory) -> str | None:
        """Tell whether the page cache has other bytes now."""
        found = memory.read(self.frame, 4)
        if found == ORIGINAL:
            return None
        return f"{self.path}, which is read-only, has {found:#x} for {ORIGINAL:#x}"


async def process(cpu: Cpu) -> User:
    """Start a process of an ordinary user."""
    return await User.create(cpu, "racer", cred.of_user(UID))


async def thread_of(user: User, cpu: Cpu) -> User:
    """Make a thread of the process, for a program of another processor."""
    thread = await user.clone(CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
    return thread.on(cpu)


async def frame_of(user: User, linear: int) -> int:
    """Physical address of the frame that a page of a process is in. It must be present."""
    assert user.task.mm is not None, "the process lives"
    ptep = await pte_offset_map(user.cpu, user.task.mm, linear)
    assert ptep is not None, f"nothing is at {linear:#x}"
    pte = await ptep_get(user.cpu, ptep)
    assert pte_present(pte), f"nothing is at {linear:#x}"
    return pte_pfn(kconfig(user.cpu).paging, pte) << PAGE_SHIFT
