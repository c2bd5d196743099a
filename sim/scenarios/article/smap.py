"""Act 3: supervisor-mode access prevention, at a page that the process may write."""

from typing import Any

from sim.scenario import Stage, Verdict, all_of, each_under, faulted, loaded, no_fault
from sim.scenarios.cast import Cast, in_kernel_thread
from sw.arch.x86.include.asm.cpufeatures import X86_CR0_WP
from sw.bus import Register
from sw.drivers.misc.lkdtm.perms import lkdtm_ACCESS_USERSPACE, lkdtm_WRITE_USERSPACE


__all__ = ["TITLE", "play"]


TITLE = "SMAP: the kernel at a writable user page"

STORED = 0x5AFE


async def play(stage: Stage, cast: Cast) -> None:
    """SMAP keeps the kernel out of user pages unless AC says that it means it."""
    cpu, trace, page = stage.cpu, stage.trace, cast.open
    which: dict[str, Any] = {"linear": page, "user": False}

    async def load(*, stac: bool) -> None:
        await in_kernel_thread(stage, cast.user,
                               lambda: lkdtm_ACCESS_USERSPACE(cpu, page, stac=stac))

    async def store(*, stac: bool) -> None:
        await in_kernel_thread(stage, cast.user,
                               lambda: lkdtm_WRITE_USERSPACE(cpu, page, STORED, stac=stac))

    async with stage.act(TITLE):
        async with stage.testing("AC=0: load and store refused") as interval:
            await load(stac=False)
            await store(stac=False)
        stage.did(f"kernel threads loaded from and stored to {page:#x}, mapped writable")
        clear = each_under(trace, {"ac": 0}, **which, during=interval)
        stage.claim("AC=0: the load is refused, #PF, error code 0x1", all_of(
            clear, faulted(trace, error_code=0x1, writes=False, **which, during=interval)))
        stage.claim("AC=0: the store is refused, #PF, error code 0x3", all_of(
            clear, faulted(trace, error_code=0x3, writes=True, **which, during=interval)))

        async with stage.testing("after STAC: done") as interval:
            await load(stac=True)
            await store(stac=True)
        stage.did("the same between STAC and CLAC")
        stage.claim("after STAC both are done", all_of(
            each_under(trace, {"ac": 1}, **which, during=interval),
            no_fault(trace, writes=False, **which, during=interval),
            no_fault(trace, writes=True, **which, during=interval)))
        await cast.user.load(page, 4)
        stage.claim("the process reads what the kernel stored",
                    loaded(trace, STORED, linear=page, user=True, during=interval.and_after))

        async with stage.testing("after CLAC: refused again") as interval:
            await store(stac=False)
        stage.claim("after CLAC the store is refused again", all_of(
            each_under(trace, {"ac": 0}, **which, during=interval),
            faulted(trace, error_code=0x3, writes=True, **which, during=interval)))

        cr0 = await cpu.read_cr(Register.CR0)
        async with stage.testing("WP=0: still refused") as interval:
            await cpu.write_cr(Register.CR0, cr0 & ~X86_CR0_WP)
            await load(stac=False)
            await store(stac=False)
            await cpu.write_cr(Register.CR0, cr0)
        stage.did("and with CR0.WP cleared, but no STAC")
        stage.claim("WP=0 does not help: both are still refused", all_of(
            each_under(trace, {"wp": 0}, **which, during=interval),
            faulted(trace, error_code=0x1, writes=False, **which, during=interval),
            faulted(trace, error_code=0x3, writes=True, **which, during=interval)))
        stage.claim("SMAP was on throughout", _smap_on(stage, cast))


def _smap_on(stage: Stage, cast: Cast) -> Verdict:
    return each_under(stage.trace, {"smap": 1}, linear=cast.open, user=False,
                      during=stage.acts[-1])
