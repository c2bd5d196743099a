"""A just-in-time compiler patches code that nobody may write: a page, twice, and a fork too many

Ref: Julia's memory manager, which writes its code through /proc/self/mem where it can; Linux 6.12,
fs/proc/base.c (mem_rw): a descriptor of /proc/self/mem names an address space, not a process.
"""

from dataclasses import dataclass

from sim.scenario import (
    PAGE_SIZE, PROT_EXEC, PROT_READ, AccessKind, Interval, Stage, User, Verdict,
    all_of, each, executed, faulted, loaded, no_fault, not_executed,
)
from sim.scenarios.cast import UID, frame_of, leaf_of, refused_store, result_of, returned


MODES = ("4level", "32bit", "pae", "5level")

#: Words of code: as compiled, as patched, and as patched by a child.
COMPILED, PATCHED, BY_CHILD = 0x9090_9090, 0xFEE1_DEAD, 0x0BAD_C0DE

#: Of an entry: R/W.
WRITABLE = 1 << 1


@dataclass
class Compiler:
    """A process that makes code as it runs.

    Attributes
    ----------
    user : :class:`sw.user.User`
        The process. It handles SIGSEGV.
    code : :class:`int`
        Its page of code, mapped to be read and executed.
    buffer : :class:`int`
        A page for the operands of system calls.
    mem : :class:`int`
        Its descriptor of /proc/self/mem.
    """

    user:   User
    code:   int
    buffer: int
    mem:    int

    @classmethod
    async def start(cls, stage: Stage) -> "Compiler":
        """Write code as anybody may, then give up the right to write."""
        user = await stage.user("jit", UID)
        await user.handle()
        code = await user.mmap(2 * PAGE_SIZE)
        await user.store(code, COMPILED, 4)
        await user.store(code + PAGE_SIZE, 0, 8)
        await user.mprotect(code, PAGE_SIZE, PROT_READ | PROT_EXEC)
        mem = await user.open("/proc/self/mem")
        return cls(user, code, code + PAGE_SIZE, mem)

    async def patch(self, user: User, word: int) -> int:
        """Let ``user`` write a word of code through the descriptor; return the call's result."""
        await user.store(self.buffer, word, 8)
        return await result_of(user.pwrite(self.mem, self.buffer, 4, self.code))


async def play(stage: Stage) -> None:
    """Code is compiled, patched, and patched again by a child that meant its own."""
    jit = await Compiler.start(stage)
    await _compiled(stage, jit)
    await _patched(stage, jit)
    await _by_the_child(stage, jit)


async def _compiled(stage: Stage, jit: Compiler) -> None:
    trace, user, code = stage.trace, jit.user, jit.code
    async with stage.act("Code is compiled, and from then on it is to be executed, not written"):
        async with stage.testing("the code is executed, and a store to it refused") as interval:
            await user.fetch(code, 4)
            await refused_store(user, code, PATCHED)
        stage.did(f"the process wrote code to {code:#x}, and mapped it PROT_READ | PROT_EXEC")
        stage.claim("its fetch from there is done, and reads what was compiled",
                    loaded(trace, COMPILED, kind=AccessKind.FETCH, linear=code, user=True,
                           during=interval))
        stage.claim("its store there is refused: #PF, error code 0x7",
                    faulted(trace, error_code=0x7, linear=code, user=True, writes=True,
                            during=interval))


async def _patched(stage: Stage, jit: Compiler) -> None:
    trace, user, code = stage.trace, jit.user, jit.code
    async with stage.act("The compiler patches it through /proc/self/mem"):
        before = frame_of(stage, code)
        leaf   = leaf_of(stage, code)
        async with stage.testing("a word of code is replaced") as interval:
            result = await jit.patch(user, PATCHED)
            await user.fetch(code, 4)
        stage.did(f"it wrote 4 bytes to its /proc/self/mem at {code:#x}")
        stage.claim("the call wrote 4 bytes", returned(stage, result, 4))
        stage.claim("the next fetch reads them",
                    loaded(trace, PATCHED, kind=AccessKind.FETCH, linear=code, user=True,
                           during=interval))
        stage.claim("... in the frame that it was in", Verdict(
            frame_of(stage, code) == before, stage.cycle - 1,
            f"frame {frame_of(stage, code).start:#x}", f"frame {before.start:#x}", code))
        stage.claim("no translation had to go for that",
                    not_executed(trace, "flush_tlb_mm_range", during=interval))
        stage.claim("whoever looked at the page's entry meanwhile found it read-only", each(
            trace, lambda access: not (access.result | access.data) & WRITABLE,
            expected="R/W = 0", physical=range(leaf, leaf + 4), during=interval))


async def _by_the_child(stage: Stage, jit: Compiler) -> None:
    trace, user, code = stage.trace, jit.user, jit.code
    async with stage.act("A child patches its own code, through the descriptor that it inherited"):
        child = await user.fork()
        async with stage.testing("the child writes, and the parent is changed") as interval:
            result = await jit.patch(child, BY_CHILD)
        after = interval.and_after
        stage.did("the compiler forked, and its child wrote to the descriptor of /proc/self/mem "
                  "that both have")
        stage.claim("the call wrote 4 bytes", returned(stage, result, 4))
        stage.claim("the page was shared since the fork: it is copied first, for the parent",
                    executed(trace, "faultin_page", "wp_page_copy", "copy_to_user_page",
                             during=interval))
        since = Interval(stage.cycle)
        await child.fetch(code, 4)
        childs = frame_of(stage, code)
        stage.claim("the child executes what it executed before", loaded(
            trace, PATCHED, kind=AccessKind.FETCH, linear=code, user=True, during=since))
        since = Interval(stage.cycle)
        await user.fetch(code, 4)
        stage.claim("the parent executes what its child wrote", all_of(
            loaded(trace, BY_CHILD, kind=AccessKind.FETCH, linear=code, user=True, during=since),
            no_fault(trace, linear=code, user=True, during=after)))
        stage.claim("... in another frame than the child", Verdict(
            frame_of(stage, code) != childs, stage.cycle - 1,
            f"frame {frame_of(stage, code).start:#x}", f"a frame that is not {childs.start:#x}",
            code))
        await child.exit()
