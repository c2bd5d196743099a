"""Stimuli for cached translations: rules 22 to 27."""

from collections.abc import Callable, Mapping

from sim.coverage.points.terms import level_of
from sim.golden.reserved import A, D, G, P, RW, US, XD
from sim.golden.state import CR0_WP, EFER_NXE
from sim.vectors.sequence import InvlpgStep
from sw.bus import Register

from .accesses import evict
from .draft import Draft
from .machine import ALL_RIGHTS, BYTES, CR4_BITS, Machine


__all__ = ["CACHES", "PERMISSIVE", "change_bit", "paged", "read"]


#: Registers without anything that refuses a supervisor's read.
PERMISSIVE = {"SMAP": "SMAP=0", "PKE": "PKE=0", "PKS": "PKS=0", "SMEP": "SMEP=0",
              "PCIDE": "PCIDE=0"}


def paged(draft: Draft, mode: str, *, size: str = "4K", flags: int = ALL_RIGHTS
          ) -> tuple[Machine, int, dict[str, int]]:
    """A machine, a page of it, and the addresses of the page's entries."""
    machine = Machine(draft, mode)
    linear  = machine.linear()
    levels  = level_of(mode, size)
    places  = machine.map(linear & -BYTES[size], size, flags={levels[-1]: flags})
    return machine, linear, places


def _cache(draft: Draft, machine: Machine, linear: int) -> None:
    """Have a page cached where it is wanted."""
    machine.warm(linear)
    if draft.choose("by", ("first level", "second level")) == "second level":
        evict(machine, linear)


def read(machine: Machine, linear: int) -> None:
    """Add a supervisor's read."""
    machine.access("read", linear, 4, cpl=0, implicit=0, ac=1)


def repaired(draft: Draft) -> Machine:
    """An entry that is repaired after a fault."""
    draft.let_all(PERMISSIVE)
    draft.plan["M"] = "40"
    mode, level = draft.mode(), draft.plan["level"]
    wrong = draft.plan["cause"]
    size  = "4M" if mode == "32-bit" and wrong == "reserved" else "4K"
    draft.plan["PSE"] = "PSE=1"
    machine, linear, places = paged(draft, mode, size=size)
    place = places[level]
    good  = machine.memory[place]
    machine.memory[place] = draft.rng.choice((0, good & ~P)) if wrong == "missing" else \
        good | (1 << 21 if mode == "32-bit" else 1 << 51)
    read(machine, linear)
    machine.store(place, good)
    read(machine, linear)
    return machine


def present_state(draft: Draft) -> Machine:
    """A change of control state after a page was cached, which changes the verdict."""
    change = draft.plan["change"]
    name, _, value = change.partition("=")
    draft.let_all({"mode": draft.rng.choice([mode for mode in ("4-level", "5-level")
                                             if draft.reach.mode(mode) is None] or ["32-bit"]),
                   "size": "4K"})
    before = {"WP": "WP", "SMEP": "SMEP", "SMAP": "SMAP", "NXE": "NXE", "PKE": "PKE",
              "PKS": "PKS"}
    plan = dict(PERMISSIVE)
    if name in before:
        plan[name] = f"{name}={1 - int(value)}"
    flags, kind, cpl, ac = ALL_RIGHTS, "read", 0, 0
    match name:
        case "WP":   flags, kind = ALL_RIGHTS & ~RW | D, "write"
        case "SMEP": kind = "fetch"
        case "AC":   plan["SMAP"], ac = "SMAP=1", int(value)
        case "NXE":  flags, kind = ALL_RIGHTS | XD, "fetch"
        case "PKRU": plan["PKE"] = "PKE=1"
        case "PKRS": plan["PKS"], flags = "PKS=1", ALL_RIGHTS & ~US
        case "PKE":  flags, kind, plan["WP"] = ALL_RIGHTS | D, "write", "WP=1"
        case "PKS":  flags, kind, plan["WP"] = ALL_RIGHTS & ~US | D, "write", "WP=1"
        case "CPL":  flags, cpl = ALL_RIGHTS & ~US, int(value)
    if name == "CPL" and value == "0":
        # A user page that SMAP keeps from the supervisor, who has not cached it.
        plan["SMAP"], flags = "SMAP=1", ALL_RIGHTS
    draft.let_all(plan)
    machine, linear, _ = paged(draft, draft.mode(), flags=flags)
    machine.ac = 0
    if name in ("PKE", "PKS"):
        # They disable writes, so that a read may have the page cached.
        machine.pkru = machine.pkrs = 0xaaaa_aaaa
    if change == "CPL=0":
        machine.access("read", linear, 1, cpl=3, implicit=0, ac=0)
    elif name == "AC" and value == "0" or name == "SMAP":
        machine.access("read", linear, 1, cpl=0, implicit=0, ac=int(name == "AC"))
        if change == "SMAP=0":
            machine.steps.clear()
            machine.access("read", linear, 1, cpl=3, implicit=0, ac=0)
    elif change == "AC=1":
        machine.access("read", linear, 1, cpl=3, implicit=0, ac=0)
    else:
        machine.access("read", linear, 1, cpl=0, implicit=0, ac=0)
    if draft.given("by") == "second level":
        _evict_quietly(machine, linear)
    change_bit(machine, name, int(value or 1))
    machine.access(kind, linear, 4, cpl=cpl, implicit=0, ac=ac)
    return machine


def _evict_quietly(machine: Machine, linear: int) -> None:
    """Have a page evicted by accesses that change no flag."""
    before = len(machine.steps)
    evict(machine, linear)
    last = machine.steps[before - 1]
    for index in range(before, len(machine.steps)):
        step = machine.steps[index]
        machine.steps[index] = step._replace(ac=last.ac, cpl=last.cpl)  # type: ignore


def change_bit(machine: Machine, name: str, value: int) -> None:
    """Write a register so that a bit has a value."""
    if name == "WP":
        machine.write(Register.CR0, machine.cr0 & ~CR0_WP | CR0_WP * value)
    elif name == "NXE":
        machine.write(Register.EFER, machine.efer & ~EFER_NXE | EFER_NXE * value)
    elif name in CR4_BITS:
        bit = CR4_BITS[name]
        machine.write(Register.CR4, machine.cr4 & ~bit | bit * value)
    elif name in ("PKRU", "PKRS"):
        machine.write(Register[name], 0xffff_ffff)


def stale(draft: Draft) -> Machine:
    """An entry that is edited, and not flushed."""
    edit = draft.plan["stale"]
    mode = draft.mode()
    draft.let_all({**PERMISSIVE, "WP": "WP=0", "M": "40", "PSE": "PSE=1"})
    size = "4K" if edit != "split" else "4M" if mode == "32-bit" else "2M"
    machine, linear, places = paged(draft, mode, size=size, flags=ALL_RIGHTS | A | D)
    levels = level_of(mode, size)
    if draft.given("by") == "tables":
        machine.warm(linear ^ 0x1000 if linear & 0x1000 else linear)
        machine.steps.clear()
        other = linear ^ 0x1000
        machine.map(other, "4K")
        machine.warm(other)
        upper = places[levels[-2]]
        machine.store(upper, machine.memory[upper] & ~P)
        read(machine, linear)
        return machine
    _cache(draft, machine, linear)
    leaf  = places[levels[-1]]
    value = machine.memory[leaf]
    if edit == "upper cleared":
        place = places[draft.rng.choice(levels[:-1])]
        machine.store(place, machine.memory[place] & ~P)
    elif edit == "split":
        table = machine.table()
        machine.store(leaf, table | ALL_RIGHTS)
    else:
        edited = {"P cleared": value & ~P, "R/W cleared": value & ~RW, "A cleared": value & ~A,
                  "D cleared": value & ~D, "another frame": value ^ 1 << 13}[edit]
        machine.store(leaf, edited)
    read(machine, linear)
    return machine


def raised(draft: Draft) -> Machine:
    """A right that is raised: a stale hit refuses the access once more."""
    right = draft.plan["right"]
    mode  = draft.mode()
    draft.let_all({**PERMISSIVE, "WP": "WP=1", "NXE": "NXE=1"})
    without = {"R/W": ALL_RIGHTS & ~RW, "U/S": ALL_RIGHTS & ~US, "XD": ALL_RIGHTS | XD}[right] | D
    machine, linear, places = paged(draft, mode, flags=without)
    _cache(draft, machine, linear)
    leaf = places[level_of(mode, "4K")[-1]]
    machine.store(leaf, machine.memory[leaf] & ~XD | RW | US)
    for _ in range(2):
        machine.access({"R/W": "write", "U/S": "read", "XD": "fetch"}[right], linear, 4,
                       cpl=3 * (right == "U/S"), implicit=0, ac=1)
    return machine


def invlpg(draft: Draft) -> Machine:
    """INVLPG of a page that is cached."""
    mode = draft.mode()
    draft.let_all(PERMISSIVE)
    shared = draft.given("global") == "global"
    draft.let_all({"PGE": f"PGE={int(shared)}"})
    size = draft.size(mode)
    machine, linear, _ = paged(draft, mode, size=size, flags=ALL_RIGHTS | G * shared)
    machine.warm(linear)
    other = draft.given("where in page") == "other 4 KiB"
    machine.steps.append(InvlpgStep(linear ^ 0x1000 * other ^ draft.rng.randrange(4096)))
    read(machine, linear)
    return machine


def idle_invlpg(draft: Draft) -> Machine:
    """INVLPG of an address that is not canonical."""
    mode = draft.mode()
    draft.let_all(PERMISSIVE)
    machine, linear, _ = paged(draft, mode)
    _cache(draft, machine, linear)
    machine.steps.append(InvlpgStep(linear ^ 1 << 60))
    read(machine, linear)
    return machine


def flush(draft: Draft) -> Machine:
    """A write that flushes, after a page was cached."""
    mode = draft.mode()
    kind = draft.plan["flush"]
    shared = draft.given("global") == "global"
    draft.let_all({**PERMISSIVE, "PGE": f"PGE={int(kind == 'PGE=0' or shared)}"})
    machine, linear, _ = paged(draft, mode, flags=ALL_RIGHTS | G * shared)
    machine.warm(linear)
    machine.flush(kind)
    read(machine, linear)
    return machine


CACHES: Mapping[str, Callable[[Draft], Machine]] = {
    "repaired": repaired, "present state": present_state, "stale": stale, "raised": raised,
    "invlpg": invlpg, "idle invlpg": idle_invlpg, "flush": flush,
}
