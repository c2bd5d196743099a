"""Stimuli that are one access, to a page that may be cached already: rules 1 to 20, and 36."""

from sim.coverage.points.terms import KEYS, level_of
from sim.golden.reserved import A, D, G, P, PS, RW, US, XD
from sim.golden.state import CR4_PKE, CR4_PKS
from sim.vectors.sequence import LateStoreStep
from sw.bus import Register

from .draft import Draft
from .machine import ALL_RIGHTS, BYTES, Machine


__all__ = [
    "access", "allowed", "edited", "evict", "mapped", "refused", "with_defect", "with_page",
]


def access(draft: Draft) -> Machine:
    """One access, to a page with random rights."""
    if draft.given("mode") == "off" or draft.given("size") == "-":
        return unpaged(draft)
    return with_page(draft, Machine(draft, draft.mode()))


def unpaged(draft: Draft) -> Machine:
    """An access without paging."""
    machine = Machine(draft, "off")
    machine.access(draft.kind(), draft.rng.getrandbits(31), 4, cpl=0, implicit=0)
    return machine


def allowed(draft: Draft) -> None:
    """See to it that rights permit the access."""
    draft.let_all({"R/W": "R/W=1", "XD": "XD=0", "SMAP": "SMAP=0", "SMEP": "SMEP=0",
                   "PKE": "PKE=0", "PKS": "PKS=0"})
    if draft.given("U/S") is None:
        draft.let_all({"U/S": "U/S=1"})


def refused(draft: Draft) -> None:
    """See to it that rights refuse the access."""
    kind = draft.kind()
    cpl, implicit = draft.privilege()
    draft.plan |= {"kind": kind, "privilege": "implicit" if implicit else
                   "user" if cpl else "supervisor"}
    if implicit:
        draft.plan["CPL"] = f"CPL3={cpl // 3}"
    if cpl and not implicit:
        draft.plan["U/S"] = "U/S=0"
    elif kind == "fetch":
        draft.plan |= {"SMEP": "SMEP=1", "U/S": "U/S=1"} if draft.reach.bit("SMEP=1") is None \
            else {"NXE": "NXE=1", "XD": "XD=1"}
    elif kind != "read":
        draft.plan |= {"WP": "WP=1", "R/W": "R/W=0"}
    else:
        draft.plan |= {"SMAP": "SMAP=1", "AC": "AC=0", "U/S": "U/S=1"}


def with_page(draft: Draft, machine: Machine) -> Machine:
    """One access, to a page with random rights, on a machine."""
    if draft.given("read-only") in ("above", "at all levels"):
        draft.let(size="4K")  # A page of 4 MiB has nothing above its leaf.
    size   = draft.size(machine.mode)
    linear = machine.linear()
    flags  = entry_flags(draft, machine, level_of(machine.mode, size))
    places = mapped(draft, machine, linear, size, flags)
    by     = draft.choose("by", ("walk", "walk", "first level", "second level"))
    if by != "walk":
        machine.warm(linear)
        if by == "second level":
            evict(machine, linear)
    judge_by_key(draft, machine, warmed=by != "walk")
    offset = _offset(draft, size)
    cpl, implicit = draft.privilege()
    kind = draft.kind()
    edit_late(draft, machine, places)
    machine.access(kind, linear + offset, _size_within(draft, offset), cpl=cpl, implicit=implicit)
    return machine


def _offset(draft: Draft, size: str) -> int:
    return draft.rng.randrange(0, 4096, 8) if size == "4K" or draft.given("by") != "walk" \
        else draft.rng.randrange(0, 4096)


def _size_within(draft: Draft, offset: int) -> int:
    return draft.rng.choice([size for size in (1, 2, 4, 8) if offset + size <= 4096])


def mapped(draft: Draft, machine: Machine, linear: int, size: str,
           flags: dict[str, int]) -> dict[str, int]:
    """Map the page of ``linear``; return the addresses of its entries by their levels."""
    region = BYTES[size]
    frame  = machine.frame(size)
    leaf   = level_of(machine.mode, size)[-1]
    places = machine.map(linear & -region, size, flags=flags, frame=frame)
    place  = places[leaf]
    if draft.flag("PAT", 0.2):
        machine.memory[place] |= PS if size == "4K" else 1 << 12
    if "raw" in draft.plan:
        level, bits = draft.plan["raw"].split()
        machine.memory[places[level]] |= int(bits, 16)
    return places


def entry_flags(draft: Draft, machine: Machine, levels: tuple[str, ...]) -> dict[str, int]:
    """Flags of entries, level by level."""
    rng, leaf = draft.rng, levels[-1]
    flags = dict.fromkeys(levels, ALL_RIGHTS)
    for name, bit in (("R/W", RW), ("U/S", US), ("XD", XD)):
        for level in _lacking(draft, machine, name, levels):
            flags[level] ^= bit
    for level in levels[:-1]:
        upper = draft.given("upper A") if level == draft.given("level") else None
        if upper == "A=1" or (upper is None and draft.given("sets A") is None
                              and draft.chance(0.4)):
            flags[level] |= A
    flags[leaf] |= A * (draft.given("sets A") is None and draft.flag("A"))
    # The second level of the TLB serves no write of a clean page.
    flags[leaf] |= D * (draft.given("dirty") is None and (
        draft.flag("D") or draft.given("by") == "second level"))
    flags[leaf] |= G * draft.chance(0.3)
    if machine.long and draft.given("key") is None:
        flags[leaf] |= rng.choice(KEYS) << 59
    elif machine.long:
        flags[leaf] |= int(draft.plan["key"]) << 59
    if "entry bit" in draft.plan:
        _set_bit(draft, flags)
    return flags


def _set_bit(draft: Draft, flags: dict[str, int]) -> None:
    """Have the one bit of the one entry that is wanted."""
    bits = {"R/W": RW, "U/S": US, "A": A, "D": D, "G": G, "XD": XD}
    name, value = draft.plan["entry bit"].split("=")
    level = draft.plan["level"]
    if name in bits:
        flags[level] = flags[level] & ~bits[name] | bits[name] * (value == "1")


def _lacking(draft: Draft, machine: Machine, right: str, levels: tuple[str, ...]
             ) -> tuple[str, ...]:
    """Levels that lack a right."""
    rng, given = draft.rng, draft.given(right)
    if right == "XD" and (not machine.wide or not machine.efer >> 11 & 1 and given is None):
        return ()
    if "right" in draft.plan:
        return (draft.plan["level"],) if draft.plan["right"] == right else ()
    if right == "R/W" and "read-only" in draft.plan:
        return {"nowhere": (), "above": (rng.choice(levels[:-1] or levels),),
                "in the leaf": levels[-1:], "at all levels": levels}[draft.plan["read-only"]]
    lacks = given in ("R/W=0", "U/S=0", "XD=1") or given is None and draft.chance(0.25)
    if not lacks:
        return ()
    return rng.choice(((rng.choice(levels),), (rng.choice(levels),), levels))


def judge_by_key(draft: Draft, machine: Machine, *, warmed: bool) -> None:
    """Give PKRU and IA32_PKRS a value: after the page was cached, where it was."""
    rng = draft.rng
    for name, bit in (("PKRU", CR4_PKE), ("PKRS", CR4_PKS)):
        if not machine.cr4 & bit:
            continue
        value = rng.getrandbits(32) if draft.chance(0.5) else 0
        if draft.given("register") == name and "AD" in draft.plan:
            pair  = draft.flag("AD") | draft.flag("WD") << 1
            value = sum(pair << 2 * key for key in range(16))
        if draft.given("all keys") is not None:
            value = int(draft.plan["all keys"], 16)
        if warmed:
            machine.write(Register[name], value)
        elif name == "PKRU":
            machine.pkru = value
        else:
            machine.pkrs = value


def evict(machine: Machine, linear: int) -> None:
    """Have other pages take the place of a page in the first level of the TLB."""
    config = machine.draft.config
    sets   = config.tlb_entries // config.tlb_ways
    number = linear >> 12
    top    = machine.shift(level_of(machine.mode, "4K")[0])
    # The table of other pages is elsewhere, and their rows in the second level are others.
    base   = (number ^ (1 << top - 12 | 1 << 9)) & ~0x1ff | number & sets - 1
    others = [page for page in range(base, base + 0x200, sets) if (page ^ number) & 0x3ff]
    for page in machine.draft.rng.sample(others, 3):
        machine.map(page << 12, "4K")
        machine.warm(page << 12)


def edit_late(draft: Draft, machine: Machine, places: dict[str, int]) -> None:
    """Have somebody change an entry after the walk has read it."""
    edit = draft.given("edit")
    if edit is None:
        return
    level = draft.plan["level"]
    value = machine.memory[places[level]]
    if draft.given("update") is None:
        # It is A that the walk is to set.
        value = machine.memory[places[level]] = value & ~A
    machine.steps.append(LateStoreStep(places[level], 8 if machine.wide else 4,
                                       edited(value, edit)))


def edited(value: int, edit: str) -> int:
    """An entry after an edit, as bins name it."""
    return {"P cleared": value & ~P, "R/W cleared": value & ~RW, "A set": value | A,
            "D set": value | D, "another frame": value ^ 1 << 31}[edit]


def with_defect(draft: Draft, machine: Machine, level: str, bits: int, *, missing: bool = False
                ) -> Machine:
    """One access, to a page with an entry that is malformed, or missing."""
    sizes = [size for size in ("4K", "2M", "4M", "1G")
             if size in _sizes(machine) and level in level_of(machine.mode, size)
             and draft.reach.size(machine.mode, size) is None]
    leaf = draft.given("form")
    if leaf == "leaf" or draft.given("large"):
        sizes = [size for size in sizes if level_of(machine.mode, size)[-1] == level]
    elif leaf == "table":
        sizes = [size for size in sizes if level_of(machine.mode, size)[-1] != level]
    size   = draft.choose("size", sizes)
    linear = machine.linear()
    flags  = entry_flags(draft, machine, level_of(machine.mode, size))
    if not machine.efer >> 11 & 1:
        flags = {name: value & ~XD for name, value in flags.items()}
    if not missing:
        flags[level] |= bits & XD
    places = machine.map(linear & -BYTES[size], size, flags=flags)
    value  = machine.memory[places[level]]
    machine.memory[places[level]] = bits if missing else value | bits
    cpl, implicit = draft.privilege()
    machine.access(draft.kind(), linear, 1, cpl=cpl, implicit=implicit)
    return machine


def _sizes(machine: Machine) -> tuple[str, ...]:
    return {"32-bit": ("4K", "4M"), "PAE": ("4K", "2M")}.get(machine.mode, ("4K", "2M", "1G"))
