"""Stimuli for PCIDs: rules 32 to 35."""

from collections.abc import Callable, Mapping

from sim.golden.reserved import G, US
from sim.golden.state import CR4_PCIDE
from sim.vectors.sequence import InvlpgStep, InvpcidStep
from sw.bus import Register

from .caches import PERMISSIVE, change_bit, paged, read
from .draft import Draft
from .machine import ALL_RIGHTS, CR4_BITS, Machine


__all__ = ["PCIDS"]


_NO_FLUSH = 1 << 63


def _with_pcids(draft: Draft, *, shared: bool, flags: int = ALL_RIGHTS) -> tuple[Machine, int]:
    """A machine with PCIDs, and a page of it."""
    draft.let_all({**PERMISSIVE, "PGE": "PGE=1"})
    draft.plan["PCIDE"] = "PCIDE=1"
    mode = draft.choose("mode", [mode for mode in ("4-level", "5-level")
                                 if draft.reach.mode(mode) is None])
    machine, linear, _ = paged(draft, mode, flags=flags | G * shared)
    machine.cr3 |= 1
    return machine, linear


def _switch(machine: Machine, pcid: int, *, flush: bool = False) -> None:
    machine.write(Register.CR3, machine.root | pcid | _NO_FLUSH * (not flush))


def pcid(draft: Draft) -> Machine:
    """Writes of CR3 with PCIDs."""
    shared  = draft.given("global") == "global"
    flushes = draft.given("flush bit") == "flush"
    machine, linear = _with_pcids(draft, shared=shared)
    machine.warm(linear)
    if draft.given("new PCID") is not None:
        _switch(machine, 1 if draft.plan["new PCID"] == "same" else 2, flush=flushes)
    elif draft.plan["PCID now"] == "other PCID":
        _switch(machine, 2)
    else:
        if draft.chance(0.5):
            _switch(machine, 2)
        _switch(machine, 1, flush=flushes)
    read(machine, linear)
    return machine


def _seen_by(machine: Machine, linear: int, owner: str) -> None:
    """Have a page cached, of whom it is to be when an operation comes, under PCID 1."""
    if owner == "other":
        machine.cr3 = machine.root | 2
        machine.warm(linear)
        _switch(machine, 1)
    else:
        machine.warm(linear)


def _back(machine: Machine, linear: int, owner: str) -> None:
    """Access a page as whom it was cached for."""
    if owner == "other":
        _switch(machine, 2)
    read(machine, linear)


def invpcid(draft: Draft) -> Machine:
    """INVPCID after a page was cached."""
    owner = draft.plan["owner"]
    machine, linear = _with_pcids(draft, shared=owner == "global")
    machine.warm(linear)
    machine.steps.append(InvpcidStep(int(draft.plan["type"].removeprefix("type ")),
                                     2 if owner == "other" else 1, linear))
    read(machine, linear)
    return machine


def single_by_pcid(draft: Draft) -> Machine:
    """INVLPG or a page fault of a page that is cached for somebody."""
    owner = draft.plan["owner"]
    fault = draft.plan["single"] == "#PF"
    machine, linear = _with_pcids(draft, shared=owner == "global",
                                  flags=ALL_RIGHTS & ~US if fault else ALL_RIGHTS)
    _seen_by(machine, linear, owner)
    if fault:
        machine.access("read", linear, 4, cpl=3, implicit=0, ac=1)
    else:
        machine.steps.append(InvlpgStep(linear))
    _back(machine, linear, owner)
    return machine


def write_with_pcids(draft: Draft) -> Machine:
    """A control write after a page was cached for somebody."""
    change, owner = draft.plan["write"], draft.plan["owner"]
    name, _, value = change.partition("=")
    if name in ("WP", "NXE", "SMAP", "PKE", "PKS", "SMEP", "PGE"):
        draft.plan[name] = f"{name}={1 - int(value)}"
    machine, linear = _with_pcids(draft, shared=owner == "global")
    if name == "PCIDE":
        machine.cr3 = machine.root
    if owner == "other":
        machine.cr3 = machine.root | 2
    if name in ("PKRU", "PKRS"):
        machine.cr4 |= CR4_BITS["PKE" if name == "PKRU" else "PKS"]
    user = draft.plan.get("SMAP") == "SMAP=1" or change == "SMAP=1"
    quiet = int(change == "AC=0")
    machine.map(linear ^ 0x1000, "4K")
    machine.access("read", linear, 1, cpl=3 * user, implicit=0, ac=quiet)
    if owner == "other":
        _switch(machine, 1)
    if name == "PCIDE":
        machine.write(Register.CR4, machine.cr4 & ~CR4_PCIDE)
    elif name == "AC":
        machine.access("read", linear ^ 0x1000, 1, cpl=0, implicit=0, ac=int(value))
    elif name in ("PKRU", "PKRS"):
        machine.write(Register[name], 0)
    else:
        change_bit(machine, name, int(value))
    if owner == "other":
        _switch(machine, 2)
    machine.access("read", linear, 4, cpl=3 * user, implicit=0,
                   ac=int(value) if name == "AC" else quiet)
    return machine


PCIDS: Mapping[str, Callable[[Draft], Machine]] = {
    "pcid": pcid, "invpcid": invpcid, "single by pcid": single_by_pcid,
    "write with pcids": write_with_pcids,
}
