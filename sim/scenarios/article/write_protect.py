"""Act 2: the kernel's store to that address, with CR0.WP set and clear."""

from typing import Any

from sim.scenario import (
    Stage, addresses, all_of, each, each_under, faulted, loaded, no_fault, not_executed,
    set_by_walker,
)
from sim.scenarios.cast import Cast, frame_of, in_kernel_thread, leaf_of
from sw.drivers.misc.lkdtm.perms import lkdtm_WRITE_RO, lkdtm_WRITE_USERSPACE


__all__ = ["TITLE", "play"]


TITLE = "The kernel's store to that user address, CR0.WP set and clear"

SCRIBBLED = 0xD2A60000


async def play(stage: Stage, cast: Cast) -> None:
    """CR0.WP is what makes a read-only page read-only for the kernel too."""
    cpu, trace, secret = stage.cpu, stage.trace, cast.secret
    async with stage.act(TITLE):
        async with stage.testing("WP=1, AC=1: refused") as interval:
            await in_kernel_thread(stage, cast.user, lambda: lkdtm_WRITE_USERSPACE(
                cpu, secret, 0xBAD, stac=True))
        stage.did("a kernel thread in its address space stored there, after STAC")
        which: dict[str, Any] = {"linear": secret, "user": False, "writes": True}
        stage.claim("WP=1: refused, #PF, error code 0x3 (supervisor, write, protection)", all_of(
            each_under(trace, {"wp": 1, "ac": 1}, **which, during=interval),
            faulted(trace, error_code=0x3, **which, during=interval)))

        async with stage.testing("WP=0: done") as interval:
            await in_kernel_thread(stage, cast.user, lambda: lkdtm_WRITE_RO(
                cpu, secret, SCRIBBLED))
        stage.did("the same with CR0.WP cleared around it")
        stage.claim("WP=0: done, without a fault", all_of(
            each_under(trace, {"wp": 0}, **which, during=interval),
            no_fault(trace, **which, during=interval)))
        await cast.user.load(secret, 4)
        stage.claim("the process reads what the kernel stored",
                    loaded(trace, SCRIBBLED, linear=secret, user=True, during=interval.and_after))
        await _dirty(stage, cast)


async def _dirty(stage: Stage, cast: Cast) -> None:
    """A store with WP clear marks the read-only leaf dirty, and breaks no copy-on-write."""
    trace, constant = stage.trace, cast.constant
    await cast.user.load(constant, 4)
    leaf, frame = leaf_of(stage, constant), frame_of(stage, constant)
    async with stage.testing("WP=0: D is set in the read-only leaf") as interval:
        await in_kernel_thread(stage, cast.user, lambda: lkdtm_WRITE_RO(
            stage.cpu, constant, SCRIBBLED))
    stage.did(f"and to {constant:#x}, a read-only page of {cast.path} that nobody ever wrote")
    stage.claim("the page walker set D in the read-only leaf, in a locked bus cycle",
                set_by_walker(trace, "dirty", entry=leaf, writable=0, during=interval))
    stage.claim("no copy was made first: the bytes went into the frame that was there", all_of(
        not_executed(trace, "wp_page_copy", during=interval),
        each(trace, lambda store: store.physical in frame,
             expected=f"at physical {addresses(frame)}", linear=constant, writes=True, user=False,
             during=interval)))
