"""Stimuli for tables that a unit knows from walks: rules 25 to 27, 32, 33 and 35."""

from collections.abc import Callable, Mapping

from sim.coverage.points.terms import LEVELS, level_of
from sim.golden.reserved import A, D, RW, US, XD
from sim.vectors.sequence import InvlpgStep, InvpcidStep
from sw.bus import Register

from .accesses import evict
from .caches import PERMISSIVE, change_bit, paged
from .draft import Draft
from .machine import ALL_RIGHTS, Machine


__all__ = ["TABLES"]


def tables(draft: Draft) -> Machine:
    """A walk by a table, after something that may make the unit forget it."""
    mode, name = draft.plan["mode"], draft.plan["forgets"]
    change, _, value = name.partition("=")
    plan = dict(PERMISSIVE)
    if value:
        plan[change] = f"{change}={1 - int(value)}"
    if change in ("PKRU", "PKRS"):
        enable = "PKE" if change == "PKRU" else "PKS"
        plan[enable] = f"{enable}=1"
    if name.startswith(("INVPCID", "CR3 with")):
        plan["PCIDE"] = "PCIDE=1"
    draft.let_all(plan)
    # The supervisor's pages: nothing of SMAP and SMEP is in the way.
    flags = ALL_RIGHTS & ~US
    machine, linear, _ = paged(draft, mode, flags=flags)
    other = linear ^ 0x1000
    machine.map(other, "4K", flags={level_of(mode, "4K")[-1]: flags})
    if plan["PCIDE"] == "PCIDE=1":
        machine.cr3 |= 1
    last = int(value) if change == "AC" else 1
    machine.access("read", linear, 4, cpl=0, implicit=0, ac=1 - last if change == "AC" else 1)
    if name == "#PF":
        machine.access("read", linear, 4, cpl=3, implicit=0, ac=1)
    else:
        _forget(machine, name, linear)
    machine.access("read", linear if draft.given("which") == "the page" else other, 4, cpl=0,
                   implicit=0, ac=last)
    return machine


def _forget(machine: Machine, name: str, linear: int) -> None:
    """Add what may make the unit forget a table."""
    change, _, value = name.partition("=")
    match name:
        case "INVLPG":
            machine.steps.append(InvlpgStep(linear))
        case "idle INVLPG":
            machine.steps.append(InvlpgStep(linear ^ 1 << 60))
        case "MOV CR3" | "CR3 with PCID" | "PGE=0" | "PGE=1" | "PG=0" | "SMEP=1" | "PAE toggled":
            machine.flush(name)
        case _ if name.startswith("INVPCID"):
            machine.steps.append(InvpcidStep(int(name[-1]), 1, linear))
        case "PKRU" | "PKRS":
            machine.write(Register[name], 0)
        case _ if change != "AC":
            change_bit(machine, change, int(value))


def raised_above(draft: Draft) -> Machine:
    """A right that is raised in an entry above the leaf: what is cached refuses once more."""
    right, by = draft.plan["right"], draft.plan["by"]
    mode = draft.mode()
    draft.let_all({**PERMISSIVE, "WP": "WP=1", "NXE": "NXE=1"})
    machine = Machine(draft, mode)
    linear  = machine.linear()
    without = {"R/W": ALL_RIGHTS & ~RW, "U/S": ALL_RIGHTS & ~US, "XD": ALL_RIGHTS | XD}[right]
    level   = draft.rng.choice(LEVELS[mode][:-1])
    place   = machine.map(linear, "4K", flags={
        level: without, level_of(mode, "4K")[-1]: ALL_RIGHTS | A | D})[level]
    machine.warm(linear)
    target = linear
    if by == "second level":
        evict(machine, linear)
    elif by == "tables":
        target = linear ^ 0x1000
        machine.map(target, "4K")
    machine.store(place, machine.memory[place] & ~XD | RW | US)
    for _ in range(2):
        machine.access({"R/W": "write", "U/S": "read", "XD": "fetch"}[right], target, 4,
                       cpl=3 * (right == "U/S"), implicit=0, ac=1)
    return machine


TABLES: Mapping[str, Callable[[Draft], Machine]] = {
    "tables": tables, "raised above": raised_above,
}
