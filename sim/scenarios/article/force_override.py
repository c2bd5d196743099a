"""Act 9: proc_mem.force_override, by which Linux 6 can close the way."""

from sim.scenario import (
    PTRACE_SEIZE, Errno, Interval, Stage, User, all_of, executed, loaded, no_request, not_executed,
)
from sim.scenarios.cast import Cast, first_window, frame_of, mapping_names, returned
from sw.fs.proc.base import proc_mem_force_override


__all__ = ["TITLE", "play"]


TITLE = "proc_mem.force_override: who may still do it"

FORCED, REFUSED = 0xF02CED, 0xBAD


async def play(stage: Stage, cast: Cast) -> None:
    """One policy after the other, where a machine is booted with one of them."""
    if not stage.kernel.era.force_override:
        stage.leave_out(TITLE, "Linux has this boot parameter since 6.12: try --era 6.x")
        return
    booted = proc_mem_force_override(stage.cpu)
    async with stage.act(TITLE):
        child = await cast.user.fork()
        mem   = await cast.user.open(f"/proc/{child.pid}/mem")
        proc_mem_force_override.set(stage.cpu, "ptrace")
        await _only_a_tracer(stage, cast, child, mem)
        proc_mem_force_override.set(stage.cpu, "never")
        await _nobody(stage, cast, child, mem)
        proc_mem_force_override.set(stage.cpu, booted)
        await child.exit()


async def _only_a_tracer(stage: Stage, cast: Cast, child: User, mem: int) -> None:
    """Under "ptrace" a process is refused, and let through once it has attached."""
    secret = cast.secret
    async with stage.testing("ptrace: refused to who is no tracer") as interval:
        result = await cast.pwrite(cast.user, mem, REFUSED, secret)
    stage.did(f"as if booted with the policy ptrace, the process wrote to /proc/{child.pid}/mem, "
              f"of its child, at {secret:#x}")
    await _claim_refused(stage, child, secret, interval, result)

    await cast.user.ptrace(PTRACE_SEIZE, child.pid)
    async with stage.testing("ptrace: done for the tracer") as interval:
        result = await cast.pwrite(cast.user, mem, FORCED, secret)
    stage.did("the same, after it had attached to the child with ptrace(2)")
    stage.claim("the call wrote 4 bytes", returned(stage, result, 4))
    stage.claim("... by the way of act 5", executed(
        stage.trace, "access_remote_vm", "get_user_pages_remote", mapping_names(stage)[0],
        "copy_to_user_page", during=interval))
    await child.load(secret, 4)
    stage.claim("the child reads the new bytes at its read-only address", loaded(
        stage.trace, FORCED, linear=secret, user=True, during=interval.and_after))


async def _nobody(stage: Stage, cast: Cast, child: User, mem: int) -> None:
    """Under "never" the tracer is refused too."""
    async with stage.testing("never: refused to the tracer") as interval:
        result = await cast.pwrite(cast.user, mem, REFUSED, cast.secret)
    stage.did("the same, as if booted with the policy never")
    await _claim_refused(stage, child, cast.secret, interval, result)


async def _claim_refused(stage: Stage, child: User, secret: int, interval: Interval,
                         result: int) -> None:
    """Claims on a call that software refuses."""
    stage.claim("the call fails with EIO", returned(stage, result, -Errno.EIO))
    stage.claim("get_user_pages refused it: the page was not mapped for it", lambda: all_of(
        executed(stage.trace, "access_remote_vm", "get_user_pages_remote", during=interval),
        not_executed(stage.trace, mapping_names(stage)[0], "copy_to_user_page",
                     during=first_window(stage, "access_remote_vm", interval))))
    await child.load(secret, 4)
    stage.claim("no byte of the child's frame was written", no_request(
        stage.trace, physical=frame_of(stage, secret), writes=True, during=interval))
