"""Act 5: /proc/self/mem, and the kernel's own address of the same frame."""

from sim.scenario import (
    ControlOp, Interval, Stage, Unproven, Verdict, all_of, control_done, each, executed, faulted,
    loaded, no_event, no_request, state_throughout, stored_through, wanted,
)
from sim.scenarios.cast import (
    Cast, first_window, frame_of, leaf_of, mapping_names, page_at, refused_store, returned,
)


__all__ = ["TITLE", "play"]


TITLE = "pwrite on /proc/self/mem, to the read-only page"

PUNCHED = 0x90CDD01E

#: Of a 32-bit entry, or the lower half of one of PAE (SDM Vol. 3A, Tables 4-6 and 4-11): P, R/W,
#: and these with the frame.
PRESENT, WRITABLE = 1 << 0, 1 << 1
ENTRY_MASK = 0xFFFF_F000 | WRITABLE | PRESENT


async def play(stage: Stage, cast: Cast) -> None:
    """The bytes change, and no right of the user's address mattered."""
    user, secret = cast.user, cast.secret
    async with stage.act(TITLE):
        await user.load(secret, 4)
        leaf = leaf_of(stage, secret)
        fd   = await user.open("/proc/self/mem")
        async with stage.testing("pwrite punches through") as interval:
            result = await cast.pwrite(user, fd, PUNCHED, secret)
        stage.did(f"the process wrote 4 bytes to its own /proc/self/mem at {secret:#x}")
        stage.claim("the call wrote 4 bytes", returned(stage, result, 4))
        await user.load(secret, 4)
        _claim_walk(stage, interval, leaf)
        _claim_alias(stage, interval, cast)
        stage.claim("the process reads the new bytes at its read-only address",
                    loaded(stage.trace, PUNCHED, linear=secret, user=True,
                           during=interval.and_after))

        async with stage.testing("the user's next store") as interval:
            await refused_store(user, secret, 0xBAD)
        stage.claim("the process's next store is refused as before: #PF, error code 0x7",
                    faulted(stage.trace, error_code=0x7, linear=secret, user=True, writes=True,
                            during=interval))
        await user.close(fd)


def _claim_walk(stage: Stage, interval: Interval, leaf: int) -> None:
    """Claims on what comes before the copy."""
    trace = stage.trace
    kmap, kunmap = mapping_names(stage)
    stage.claim(f"{kmap}, copy_to_user_page, {kunmap}: after a walk in software",
                executed(trace, "mem_rw", "access_remote_vm", "get_user_pages_remote",
                         "follow_page_mask", kmap, "copy_to_user_page", kunmap, during=interval))
    stage.claim("that walk loaded the user's page-table entry as data",
                each(trace, lambda load: not load.user and load.done,
                     expected="the kernel's, and done", physical=leaf, writes=False,
                     function="follow_page_mask", during=interval))
    guards = {"wp": 1, "smap": 1, "ac": 0} if stage.config.smap else {"wp": 1}
    stage.claim(f"{_in_words(guards)} throughout access_remote_vm", lambda: state_throughout(
        trace, **guards, during=first_window(stage, "access_remote_vm", interval)))


def _claim_alias(stage: Stage, interval: Interval, cast: Cast) -> None:
    """Claims on what lies between kmap and kunmap."""
    trace  = stage.trace
    kmap, kunmap = mapping_names(stage)
    paging = stage.kernel.paging
    frame  = frame_of(stage, cast.secret)
    stage.claim(f"between {kmap} and {kunmap} no request carries a user address",
                lambda: no_request(trace, linear=range(paging.TASK_SIZE),
                                   during=_mapped(stage, interval)))
    stage.claim("... and no fault occurs", lambda: all_of(
        no_event(trace, "protection", during=_mapped(stage, interval)),
        no_event(trace, "page_fault", during=_mapped(stage, interval))))
    if frame.start < stage.kernel.lowmem_bytes:
        stage.claim("the store went to the same frame, through the linear map", lambda:
                    stored_through(trace, physical=frame,
                                   linear=page_at(paging.PAGE_OFFSET + frame.start),
                                   during=_mapped(stage, interval)))
    else:
        stage.claim("the store went to the same frame, through a window above the linear map",
                    lambda: stored_through(trace, physical=frame, linear=_windows(stage),
                                           during=_mapped(stage, interval)))
        stage.claim(f"{kmap} had stored the window's page-table entry: frame, P and R/W",
                    lambda: _entry_stored(stage, _mapped(stage, interval), frame))
        if kunmap == "kunmap_local":
            stage.claim("kunmap_local ended it, with INVLPG", lambda: control_done(
                trace, op=ControlOp.INVLPG,
                linear=_alias(stage, _mapped(stage, interval), frame),
                during=_mapped(stage, interval)))


def _in_words(guards: dict[str, int]) -> str:
    *first, last = [f"{flag.upper()}={value}" for flag, value in guards.items()]
    return f"{', '.join(first)} and {last}" if first else last


def _mapped(stage: Stage, interval: Interval) -> Interval:
    """From the first cycle of kmap to the last of kunmap, in access_remote_vm."""
    kmap, kunmap = mapping_names(stage)
    inside = first_window(stage, "access_remote_vm", interval)
    begin  = first_window(stage, kmap, inside).since
    return Interval(begin, first_window(stage, kunmap, Interval(begin, inside.until)).until)


def _windows(stage: Stage) -> range:
    """Linear addresses of the 32-bit kernel that are not in its linear map."""
    return range(stage.kernel.paging.PAGE_OFFSET + stage.kernel.lowmem_bytes, 1 << 32)


def _alias(stage: Stage, mapped: Interval, frame: range) -> int:
    """The linear address through which ``frame`` was stored to."""
    stores = stage.trace.accesses(physical=frame, writes=True, during=mapped)
    if not stores:
        raise Unproven(f"nothing was stored to frame {frame.start:#x}",
                       wanted(physical=frame, writes=True, during=mapped))
    return stores[0].linear


def _entry_stored(stage: Stage, mapped: Interval, frame: range) -> Verdict:
    """Judge whether kmap stored the entry that maps the window, with this frame."""
    kmap, _  = mapping_names(stage)
    entry    = leaf_of(stage, _alias(stage, mapped, frame))
    expected = (f"{kmap} stores an entry with P, R/W and frame {frame.start:#x} at physical "
                f"{entry:#x}")
    stores   = stage.trace.accesses(function=kmap, writes=True, physical=entry, during=mapped)
    for store in stores:
        if store.data & ENTRY_MASK == frame.start | PRESENT | WRITABLE:
            return Verdict(True, store.completed,
                           f"entry {store.data:#x} stored at physical {entry:#x}", expected,
                           store.linear)
    said = ", ".join(f"{store.data:#x}" for store in stores) or "nothing"
    return Verdict(False, None, f"stored there: {said}", expected)
