"""Act 5: /proc/self/mem, and the kernel's own address of the same frame."""

from hw.bus import ControlOp
from sim.claims import (
    Verdict, control_done, each, executed, faulted, loaded, no_event, no_request,
    state_throughout, stored_through,
)
from sim.stage import Span, Stage

from .cast import Cast, frame_of, leaf_of, page_at, refused_store, returned


__all__ = ["play"]


PUNCHED = 0x90CDD01E


async def play(stage: Stage, cast: Cast) -> None:
    """The bytes change, and not one right of the user's address was asked."""
    user, secret = cast.user, cast.secret
    async with stage.act("pwrite on /proc/self/mem, to the read-only page"):
        await user.load(secret, 4)
        leaf = leaf_of(stage, secret)
        fd   = await user.open("/proc/self/mem")
        async with stage.testing("pwrite punches through") as span:
            result = await cast.pwrite(user, fd, PUNCHED, secret)
        stage.did(f"the process wrote 4 bytes to its own /proc/self/mem at {secret:#x}")
        stage.claim("the call wrote 4 bytes", returned(stage, result, 4))
        await user.load(secret, 4)
        _claim_walk(stage, span, leaf)
        _claim_alias(stage, span, cast)
        stage.claim("the process reads the new bytes at its read-only address",
                    loaded(stage.trace, PUNCHED, linear=secret, user=True, since=span.since))

        async with stage.testing("the user's next store") as span:
            await refused_store(user, secret, 0xBAD)
        stage.claim("the process's next store is refused as before: #PF, error code 0x7",
                    faulted(stage.trace, error_code=0x7, linear=secret, user=True, writes=True,
                            **span.within))
        await user.close(fd)


def _names(stage: Stage) -> tuple[str, str]:
    """How this kernel's version calls the mapping of a page, and its end."""
    if stage.trace.window("kmap"):
        return "kmap", "kunmap"
    return "kmap_local_page", "kunmap_local"


def _mapped(stage: Stage, span: Span) -> Span:
    """From the first cycle of kmap to the last of kunmap."""
    kmap, kunmap = _names(stage)
    inside = stage.trace.window("access_remote_vm", **span.within)[0]
    begin  = stage.trace.window(kmap,   since=inside[0], until=inside[1])[0][0]
    end    = stage.trace.window(kunmap, since=inside[0], until=inside[1])[-1][1]
    return Span(begin, end)


def _claim_walk(stage: Stage, span: Span, leaf: int) -> None:
    """What comes before the copy."""
    trace  = stage.trace
    kmap, kunmap = _names(stage)
    inside = trace.window("access_remote_vm", **span.within)[0]
    stage.claim(f"{kmap}, copy_to_user_page, {kunmap}: after a walk in software",
                executed(trace, "mem_rw", "access_remote_vm", "get_user_pages_remote",
                         "follow_page_mask", kmap, "copy_to_user_page", kunmap, **span.within))
    stage.claim("that walk loaded the user's page-table entry as data",
                each(trace, lambda load: not load.faulted,
                     physical=leaf, writes=False, function="follow_page_mask", **span.within))
    stage.claim("WP=1, SMAP=1 and AC=0 throughout access_remote_vm",
                state_throughout(trace, since=inside[0], until=inside[1], wp=1, smap=1, ac=0))


def _claim_alias(stage: Stage, span: Span, cast: Cast) -> None:
    """What lies between kmap and kunmap."""
    trace  = stage.trace
    kmap, kunmap = _names(stage)
    mapped = _mapped(stage, span)
    frame  = frame_of(stage, cast.secret)
    paging = stage.kernel.paging
    stage.claim(f"between {kmap} and {kunmap} no request carries a user address",
                no_request(trace, linear=range(paging.TASK_SIZE), **mapped.within))
    stage.claim("... and no fault occurs", no_event(trace, "page_fault", **mapped.within))
    alias = _alias(stage, mapped, frame)
    where = "the linear map" if alias < _linear_map(stage).stop else "a window of the kernel"
    stage.claim(f"the store went to the same frame, through {where}, at {alias:#x}",
                stored_through(trace, physical=frame, linear=page_at(alias), **mapped.within))
    if alias not in _linear_map(stage):
        _claim_window(stage, mapped, alias, frame)


def _claim_window(stage: Stage, mapped: Span, alias: int, frame: range) -> None:
    """A frame that the linear map does not reach needs an entry of its own."""
    trace = stage.trace
    kmap, kunmap = _names(stage)
    stage.claim(f"{kmap} stored the frame's number in a page table of the kernel",
                _entry_stored(stage, mapped, kmap, frame))
    if kunmap == "kunmap_local":
        stage.claim("kunmap_local took it back, with INVLPG",
                    control_done(trace, op=ControlOp.INVLPG, linear=alias, **mapped.within))


def _entry_stored(stage: Stage, mapped: Span, kmap: str, frame: range) -> Verdict:
    """Did ``kmap`` store an entry for ``frame``?"""
    stores = stage.trace.accesses(function=kmap, writes=True, **mapped.within)
    found  = [store for store in stores if store.data & 0xFFFFF000 == frame.start]
    if not found:
        return Verdict(False, mapped.since, "it stored no such entry")
    return Verdict(True, found[0].answered,
                   f"entry {found[0].data:#x} at {found[0].linear:#x}")


def _alias(stage: Stage, mapped: Span, frame: range) -> int:
    """The linear address of the first store to ``frame``; 0 if there was none."""
    stores = stage.trace.accesses(physical=frame, writes=True, **mapped.within)
    return stores[0].linear if stores else 0


def _linear_map(stage: Stage) -> range:
    kernel = stage.kernel
    start  = kernel.paging.PAGE_OFFSET
    return range(start, start + kernel.lowmem_bytes)
