"""Act 1: a user store to its own read-only private page."""

from sim.scenario import (
    SEGV_ACCERR, SIGSEGV, Stage, Verdict, all_of, executed, faulted, loaded, not_executed,
)
from sim.scenarios.cast import SECRET, Cast, refused_store


__all__ = ["TITLE", "play"]


TITLE = "A user store to its own read-only page"

async def play(stage: Stage, cast: Cast) -> None:
    """The machine refuses, the kernel agrees, the process gets SIGSEGV."""
    async with stage.act(TITLE):
        async with stage.testing("a user store to a read-only page") as interval:
            signal = await refused_store(cast.user, cast.secret, 0xBAD)
        stage.did(f"the process stored to {cast.secret:#x}, mapped private and read-only")
        stage.claim("the MMU refused it: #PF, error code 0x7 (user, write, protection)",
                    faulted(stage.trace, linear=cast.secret, user=True, writes=True,
                            error_code=0x7, during=interval))
        stage.claim("the kernel found no VM_WRITE and left the mapping alone",
                    all_of(not_executed(stage.trace, "handle_mm_fault", during=interval),
                           executed(stage.trace, "exc_page_fault", "do_user_addr_fault",
                                    "bad_area_nosemaphore", during=interval)))
        told = signal is not None and (signal.signo, signal.si_code, signal.si_addr) == (
            SIGSEGV, SEGV_ACCERR, cast.secret)
        stage.claim("the process got SIGSEGV, SEGV_ACCERR, with that address",
                    Verdict(told, stage.cycle - 1, f"{signal}", (
                        f"signal {SIGSEGV}, code {SEGV_ACCERR}, address {cast.secret:#x}")))

        await cast.user.load(cast.secret, 4)
        stage.claim("the page is unchanged",
                    loaded(stage.trace, SECRET, linear=cast.secret, user=True,
                           during=interval.and_after))
