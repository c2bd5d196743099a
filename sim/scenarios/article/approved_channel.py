"""Act 4: copy_to_user, the way that the kernel is meant to go."""

from sim.scenario import (
    Errno, KernelError, Stage, User, Verdict, ac_brackets, all_of, executed, faulted, loaded,
    no_request, not_executed, state_throughout,
)
from sim.scenarios.cast import Cast, first_window, frame_of, page_at, returned


__all__ = ["TITLE", "play"]


TITLE = "The approved channel: copy_to_user"

WORD = 4  # bytes


async def play(stage: Stage, cast: Cast) -> None:
    """It opens SMAP for the copy alone, honours read-only pages, and survives refusals."""
    async with stage.act(TITLE):
        fd = await cast.user.open(cast.path)
        await _into_writable_page(stage, cast, fd)
        await _into_read_only_page(stage, cast, fd)
        await cast.user.close(fd)


async def _into_writable_page(stage: Stage, cast: Cast, fd: int) -> None:
    trace, user, page = stage.trace, cast.user, cast.open
    word   = await user.load(cast.constant, WORD)
    child  = await user.fork()
    await user.load(page, WORD)
    shared = frame_of(stage, page)
    async with stage.testing("copy_to_user into a writable page") as interval:
        result = await _read(user, fd, page)
    stage.did(f"the process forked, then read(2) a word of {cast.path} into {page:#x}")
    if stage.config.smap:
        stage.claim("AC is set by STAC for the copy's stores alone, and cleared by CLAC",
                    ac_brackets(trace, function="copy_to_user", linear=page_at(page),
                                during=interval))
    stage.claim("the page was shared since the fork: #PF 0x3, and wp_page_copy resolved it",
                all_of(executed(trace, "copy_to_user", "exc_page_fault", "wp_page_copy",
                                during=interval),
                       faulted(trace, error_code=0x3, linear=page_at(page), user=False,
                               writes=True, during=interval)))
    stage.claim("... with AC clear while the fault was handled", lambda: state_throughout(
        trace, ac=0, during=first_window(stage, "exc_page_fault", interval)))
    stage.claim("the caller sees the whole word read", returned(stage, result, WORD))
    await user.load(page, WORD)
    stage.claim("the process reads it",
                loaded(trace, word, linear=page, user=True, during=interval.and_after))
    own = frame_of(stage, page)
    stage.claim("... in a frame of its own", Verdict(
        own != shared, stage.cycle - 1, f"frame {own.start:#x}",
        f"a frame that is not {shared.start:#x}", page))
    await child.exit()


async def _into_read_only_page(stage: Stage, cast: Cast, fd: int) -> None:
    trace, user, page = stage.trace, cast.user, cast.secret
    before = await user.load(page, WORD)
    frame  = frame_of(stage, page)
    async with stage.testing("copy_to_user into a read-only page") as interval:
        result = await _read(user, fd, page)
    stage.did(f"the process read(2) a word into the read-only {page:#x}")
    stage.claim("the store is refused, #PF, error code 0x3, and the exception table ends it",
                all_of(not_executed(trace, "wp_page_copy", during=interval),
                       executed(trace, "copy_to_user", "exc_page_fault",
                                "kernelmode_fixup_or_oops", during=interval),
                       faulted(trace, error_code=0x3, linear=page_at(page), user=False,
                               writes=True, during=interval)))
    stage.claim("the caller sees EFAULT", returned(stage, result, -Errno.EFAULT))
    stage.claim("no byte of the frame was written",
                no_request(trace, physical=frame, writes=True, during=interval))
    await user.load(page, WORD)
    stage.claim("the page is unchanged",
                loaded(trace, before, linear=page, user=True, during=interval.and_after))


async def _read(user: User, fd: int, page: int) -> int:
    """Read the file's word into ``page``; return what the call returned."""
    await user.lseek(fd, 0)
    try:
        return await user.read(fd, page, WORD)
    except KernelError as error:
        return -error.errno
