"""Stimuli for addresses, linear and physical: rules 6, 8, 19, 28 and 32."""

from collections.abc import Callable, Mapping

from sim.coverage.points.terms import level_of
from sw.bus import Register

from .accesses import access, allowed, with_page
from .draft import Draft
from .machine import Machine


__all__ = ["ADDRESSES"]


def canonical(draft: Draft) -> Machine:
    """An access at the edge of the canonical addresses, or beyond it."""
    allowed(draft)
    mode = draft.choose("mode", [mode for mode in ("5-level", "4-level")
                                 if draft.reach.mode(mode) is None])
    machine = Machine(draft, mode)
    half    = 1 << (56 if mode == "5-level" else 47)
    kind    = draft.kind()
    cpl, implicit = draft.privilege()
    size    = draft.rng.choice((2, 4, 8))
    edge    = draft.given("edge")
    if edge:
        linear = half - size if edge == "below" else (1 << 64) - half
        machine.map(linear & -4096, "4K")
    else:
        where  = draft.choose("where", ("all bytes", "last bytes", "first bytes"))
        linear = {"all bytes": half + draft.rng.randrange(half - 8),
                  "last bytes": half - 1, "first bytes": (1 << 64) - half - 1}[where]
    machine.access(kind, linear, size, cpl=cpl, implicit=implicit)
    return machine


def address_bit(draft: Draft) -> Machine:
    """An access by entries with high bits in their addresses."""
    allowed(draft)
    mode   = draft.mode()
    number = int(draft.plan["bit"].removeprefix("bit "))
    high   = 1 << number | sum(1 << other for other in range(32, 52) if draft.chance(0.3))
    draft.let(mode=mode, M="52", by="walk")
    if draft.plan["form"] == "leaf":
        size = draft.size(mode)
        draft.let(size=size, raw=f"{level_of(mode, size)[-1]} {high:#x}")
        return access(draft)
    draft.let(size="4K")
    machine = Machine(draft, mode)
    machine.tables_above(high)
    return with_page(draft, machine)


def low_bits_of_cr3(draft: Draft) -> Machine:
    """An access while bits of CR3 are set that are below the address of a directory."""
    allowed(draft)
    number = int(draft.plan["bit"].removeprefix("bit "))
    draft.plan["PCIDE"] = "PCIDE=0"
    draft.let(by="walk")
    machine = Machine(draft, draft.mode())
    if machine.mode == "PAE" and number > 4:
        machine.root |= 1 << number
    machine.cr3 |= 1 << number
    return with_page(draft, machine)


def highest_bit_of_cr3(draft: Draft) -> Machine:
    """A write of CR3 with bit 63."""
    mode    = draft.choose("mode", [mode for mode in ("5-level", "4-level")
                                    if draft.reach.mode(mode) is None])
    machine = Machine(draft, mode)
    machine.write(Register.CR3, machine.cr3 | 1 << 63)
    return machine


ADDRESSES: Mapping[str, Callable[[Draft], Machine]] = {
    "canonical": canonical, "address bit": address_bit, "low bits of CR3": low_bits_of_cr3,
    "bit 63 of CR3": highest_bit_of_cr3,
}
