"""Scene of a cell: a process with a page, those who look at it, and those who write to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sim.scenario import (
    CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM, PAGE_SIZE, Cpu, KernelError, Stage, User,
)
from sw.include.linux.completion import completion
from sw.init.initramfs import do_copy


__all__ = ["NEW", "OLD", "SOURCE", "UID", "Page", "Scene"]


#: The user whose process has the page.
UID = 1000

#: Word that is in the page before, and the one that is written.
OLD, NEW = 0x5EC2E700, 0xD4A60000

#: A file whose first word is the new one.
SOURCE = "/new"


@dataclass
class Page:
    """A page that something is written to.

    Attributes
    ----------
    linear : :class:`int`
        Its address in the process.
    prot : :class:`int`
        PROT_* of its mapping, or of none if nothing is mapped there.
    mapped : :class:`bool`
        Something is.
    twin : :class:`int` or :class:`None`
        Address at which another process, the keeper of the :class:`Scene`, may write to the same
        object, if the page is of one.
    """

    linear: int
    prot:   int
    mapped: bool       = True
    twin:   int | None = None


@dataclass
class Scene:
    """Everybody on the stage of a cell.

    Attributes
    ----------
    stage : :class:`sim.scenario.stage.Stage`
        The machine, of two processors.
    victim : :class:`sw.user.User`
        The process with the page. It handles SIGSEGV and SIGBUS. One of its threads runs on
        processor 1 all the time, so that what it must forget is a shootdown.
    keeper : :class:`sw.user.User`
        Its child from before there was the page, with the same descriptors.
    other : :class:`sw.user.User`
        A process that is none of its relatives.
    buffer : :class:`int`
        Address of a page of theirs with the new word, present and writable, in each of the three.
    """

    stage:   Stage
    victim:  User
    keeper:  User
    other:   User
    buffer:  int
    _alive:  int
    _thread: User
    _over:   bool = False
    _runs:   completion | None = field(default=None, repr=False)

    @classmethod
    async def gather(cls, stage: Stage, uid: int,
                     prepare: Callable[[User], Awaitable[None]]) -> "Scene":
        """Start the processes. The ``other`` one is of the user ``uid``.

        The victim does what there is to ``prepare`` before it has a child. If that is refused, all
        end, and :class:`KernelError` is raised.
        """
        await do_copy(stage.cpu, SOURCE, NEW.to_bytes(4, "little"), uid=UID)
        other  = await stage.user("other", uid)
        buffer = await _buffer_of(other)
        victim = await stage.user("victim", UID)
        await victim.handle()
        assert await _buffer_of(victim) == buffer, "address spaces that began alike"
        alive  = await victim.mmap(PAGE_SIZE)
        await victim.store(alive, 0, 4)
        try:
            await prepare(victim)
        except KernelError:
            await other.exit()
            await victim.exit()
            raise
        keeper = await victim.fork()
        await keeper.store(buffer, NEW, 8)
        await victim.store(buffer, NEW, 8)
        thread = await victim.clone(CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
        return cls(stage, victim, keeper, other, buffer, alive, thread)

    async def occupy(self) -> None:
        """Let the thread run on processor 1."""
        self._runs = await self.stage.start(1, self._live)

    async def _live(self, cpu: Cpu) -> None:
        user = self._thread.on(cpu)
        while not self._over:
            await user.load(self._alive, 4)

    async def leave(self) -> None:
        """End all of it."""
        self._over = True
        if self._runs is not None:
            await self.stage.finish(self._runs)
        for user in (self.keeper, self.other, self.victim):
            await user.exit()


async def _buffer_of(user: User) -> int:
    """Address of a page of its own with the new word."""
    buffer = await user.mmap(PAGE_SIZE)
    await user.store(buffer, NEW, 8)
    return buffer
