"""Stimuli for the walk: rules 1 to 7, 19, 20 and 28."""

from collections.abc import Callable, Mapping

from sim.coverage.points.terms import LEVELS, level_of
from sim.golden.reserved import D, G, PS, RW, US, XD

from .accesses import access, allowed, refused, with_defect
from .draft import Draft
from .machine import Machine


__all__ = ["LARGE", "WALKS", "defect", "sizes_of"]


#: Sizes of pages that are mapped above the last level.
LARGE = {"PDPTE": "1G", "PDE": "2M"}


def entry_bit(draft: Draft) -> Machine:
    """An entry with one bit."""
    mode, level, bit = draft.mode(), draft.plan["level"], draft.plan["entry bit"]
    draft.let(mode=mode)
    large = "4M" if mode == "32-bit" else LARGE.get(level, "4K")
    if bit == "P=0":
        return with_defect(draft, Machine(draft, mode), level, 0, missing=True)
    if bit == "RSVD=1":
        return defect(draft)
    if bit.startswith("XD"):
        draft.let(NXE="NXE=1")
    if bit == "PS=0" or level.startswith("PML"):
        sizes = [size for size in sizes_of(mode) if level in level_of(mode, size)[:-1]]
        draft.let(size=draft.rng.choice(sizes) if sizes else "4K")
    elif bit[0] in "DG" or bit == "PS=1":
        draft.let(size=large if level != "PTE" else "4K")
    else:
        sizes = [size for size in sizes_of(mode) if level in level_of(mode, size)
                 and draft.reach.size(mode, size) is None]
        draft.let(size=draft.rng.choice(sizes))
    if large == "4M":
        draft.let(PSE="PSE=1")
    draft.let(by="walk")
    return access(draft)


def sizes_of(mode: str) -> tuple[str, ...]:
    """Sizes of pages in a mode."""
    return {"32-bit": ("4K", "4M"), "PAE": ("4K", "2M")}.get(mode, ("4K", "2M", "1G"))


def defect(draft: Draft) -> Machine:
    """A malformed entry, in one of all ways."""
    mode = draft.mode()
    if mode == "32-bit":
        draft.let(PSE="PSE=1", M="32" if draft.chance(0.5) else "40")
        machine = Machine(draft, mode)
        if draft.given("defect") == "missing" or draft.given("level") == "PTE":
            return with_defect(draft, machine, draft.choose("level", ("PDE", "PTE")), 0,
                               missing=True)
        draft.plan |= {"size": "4M"}
        return with_defect(draft, machine, "PDE", 1 << 21)
    level   = draft.choose("level", LEVELS[mode])
    reasons = {"missing": 0, "address": 1 << 51, "XD without NXE": XD}
    if level.startswith("PML") or level == "PDPTE":
        reasons["PS"] = PS
    if level in LARGE:
        reasons["page address"] = 1 << 13
    if mode == "PAE":
        reasons["upper bits"] = 1 << draft.rng.randrange(52, 63)
    wanted = draft.given("defect") or draft.rng.choice(
        [reason for reason in reasons if reason != "missing"])
    draft.plan["NXE"] = "NXE=0" if wanted == "XD without NXE" else draft.plan.get(
        "NXE", "NXE=1")
    draft.plan["M"] = str(draft.rng.choice((36, 40, 46)))
    if wanted == "missing":
        if level == "PDPTE" and mode == "PAE":
            return missing_pdpte(draft)
        return with_defect(draft, Machine(draft, mode), level, 0, missing=True)
    if wanted == "page address":
        draft.plan |= {"size": LARGE[level]}
    elif wanted == "PS" and level == "PDPTE":
        # Bit 7 of a PDPTE is reserved only where there are no 1 GiB pages.
        draft.plan |= {"size": "4K"}
    return with_defect(draft, Machine(draft, mode), level, reasons[wanted])


def xd_without_nxe(draft: Draft) -> Machine:
    """XD where it is reserved."""
    draft.plan["defect"] = "XD without NXE"
    return defect(draft)


def missing_pdpte(draft: Draft) -> Machine:
    """An access through a PDPTE register that is not present."""
    machine = Machine(draft, "PAE")
    cpl, implicit = draft.privilege()
    machine.access(draft.kind(), machine.linear(), 4, cpl=cpl, implicit=implicit)
    return machine


def defect_below(draft: Draft) -> Machine:
    """A missing or malformed entry below entries that refuse the access."""
    refused(draft)
    mode = draft.mode()
    draft.let(mode=mode)
    missing = draft.given("cause") == "missing"
    if not missing:
        draft.plan |= {"defect": "address", "NXE": draft.plan.get("NXE", "NXE=1")}
        if mode == "32-bit":
            missing = True
    else:
        draft.plan["defect"] = "missing"
    level  = draft.plan["level"]
    uppers = LEVELS[mode][:LEVELS[mode].index(level)]
    if draft.given("U/S") == "U/S=0":
        draft.plan |= {"right": "U/S"}
    elif draft.given("R/W") == "R/W=0":
        draft.plan |= {"right": "R/W"}
    elif draft.given("XD") == "XD=1":
        draft.plan |= {"right": "XD"}
    else:
        draft.plan |= {"right": "none"}
    # The level that lacks the right is above.
    machine = Machine(draft, mode)
    lacking = draft.rng.choice(uppers)
    bits    = 0 if missing else 1 << 51
    draft.plan |= {"form": draft.plan.get("form", "")}
    wanted, draft.plan["level"] = level, lacking
    if not missing:
        machine.maxphyaddr = draft.rng.choice((36, 40, 46))
    return with_defect(draft, machine, wanted, bits, missing=missing)


def losing_refusal(draft: Draft) -> Machine:
    """A missing or malformed entry below one that refuses the access for a certain reason."""
    mode, name = draft.mode(), draft.plan["refusal"]
    levels = LEVELS[mode]
    place  = draft.rng.randrange(1, len(levels))
    draft.let_all({"SMAP": "SMAP=0", "SMEP": "SMEP=0", "M": "40", "PSE": "PSE=1", "NXE": "NXE=1",
                   "right": name, "level": draft.rng.choice(levels[:place])})
    draft.let_all({
        "U/S": {"privilege": "user"}, "R/W": {"class": "write", "WP": "WP=1"},
        "XD": {"class": "fetch"}, "SMEP": {"class": "fetch", "privilege": "supervisor"},
        "SMAP": {"class": draft.rng.choice(("read", "write")), "AC": "AC=0",
                 "privilege": "supervisor"}}[name])
    draft.plan |= {name: f"{name}=1"} if name in ("SMEP", "SMAP") else {}
    gone = draft.plan["cause"] == "missing"
    return with_defect(draft, Machine(draft, mode), levels[place], 0 if gone else 1 << 51,
                       missing=gone)


def missing(draft: Draft) -> Machine:
    """An entry with P = 0."""
    mode = draft.mode()
    rest = draft.choose("rest", ("nothing", "reserved bits", "XD without NXE"))
    draft.let(NXE="NXE=1" if rest == "XD" else "NXE=0", PSE="PSE=1")
    draft.plan |= {"M": "40", "class": draft.choose("kind", ("read", "write", "fetch"))}
    draft.plan.pop("kind", None)
    with_xd = XD | draft.rng.choice((0, RW | US))
    bits = {"nothing": 0, "XD": with_xd, "XD without NXE": with_xd,
            "reserved bits": PS | 1 << 21 if mode == "32-bit" else 1 << 45}[rest]
    return with_defect(draft, Machine(draft, mode), draft.choose("level", LEVELS[mode]), bits,
                       missing=True)


def refusal(draft: Draft) -> Machine:
    """A page that lacks one right at one level, and an access that needs it."""
    right = draft.choose("right", ("R/W", "U/S"))
    draft.let_all({"PKE": "PKE=0", "PKS": "PKS=0"})
    if right == "XD":
        draft.let_all({"NXE": "NXE=1", "class": "fetch", "SMEP": "SMEP=0"})
    elif right == "U/S":
        draft.let_all({"privilege": "user"})
    else:
        draft.let_all({"class": "write", "WP": "WP=1"})
    draft.let_all({"SMAP": "SMAP=0"})
    return access(draft)


def supervisor_page(draft: Draft) -> Machine:
    """A page that is the supervisor's, though U/S is set in its leaf."""
    case = draft.choose("case", ("user access",))
    mode = draft.choose("mode", [
        mode for mode in (("4-level", "5-level") if case in ("PKRU", "PKRS") else LEVELS)
        if draft.reach.mode(mode) is None])
    draft.let_all({"mode": mode, "size": "4K", "right": "U/S",
                   "level": LEVELS[mode][0]})
    if case == "user access":
        draft.let_all({"privilege": "user"})
    elif case == "SMEP":
        draft.let_all({"class": "fetch", "SMEP": "SMEP=1", "privilege": "supervisor"})
    elif case == "SMAP":
        draft.let_all({"class": "read", "SMAP": "SMAP=1", "AC": "AC=0", "PKS": "PKS=0",
                       "privilege": "supervisor"})
    else:
        draft.let_all({"class": "read", "PKE": f"PKE={int(case == 'PKRU')}",
                       "PKS": f"PKS={int(case == 'PKRS')}", "all keys": "0xffffffff",
                       "privilege": "supervisor"})
    return access(draft)


def reserved_bit(draft: Draft) -> Machine:
    """An entry with one reserved bit."""
    number = int(draft.plan["bit"].removeprefix("bit "))
    if draft.given("entry") is not None:
        entry = draft.plan["entry"]
        draft.let(mode="PAE", level="PDE" if entry == "2M" else entry,
                  form="leaf" if entry == "2M" else "table" if entry == "PDE" else "leaf")
    mode = draft.mode()
    draft.let(mode=mode, NXE="NXE=1")
    if number < 32:
        size = draft.plan["size"]
        draft.let(level={"2M": "PDE", "1G": "PDPTE"}[size])
    draft.let(M=str(min(max(32, number), 52)) if number < 52 else "40",
              form=draft.rng.choice(("leaf", "table")))
    levels = LEVELS[mode]
    if draft.given("form") == "leaf":
        options = [level for level in levels if not level.startswith("PML")]
    else:
        options = [level for level in levels if level != "PTE"]
    if mode == "PAE":
        options = [level for level in options if level != "PDPTE"]
    if draft.given("form") == "leaf" and "PDPTE" in options \
            and draft.reach.size(mode, "1G") is not None:
        options.remove("PDPTE")
    level = draft.given("level") or draft.rng.choice(options)
    if number < 32:
        draft.plan["form"] = "leaf"
    if draft.given("form") == "leaf" and level != "PTE":
        draft.plan["size"] = LARGE[level]
    return with_defect(draft, Machine(draft, mode), level, 1 << number)


def ignored_bit(draft: Draft) -> Machine:
    """An access that is done by entries with bits that have no meaning."""
    allowed(draft)
    draft.let(by="walk", key="0")
    if draft.given("ignored"):
        mode, level = draft.mode(), draft.plan["level"]
        sizes = [size for size in sizes_of(mode) if level in level_of(mode, size)[:-1]]
        draft.let(mode=mode, size=draft.rng.choice(sizes),
                  raw=f"{level} {D if draft.plan['ignored'] == 'D' else G:#x}")
        return access(draft)
    mode = draft.choose("mode", ("4-level", "5-level"))
    if draft.reach.mode(mode) is not None:
        mode = "4-level"
    size   = draft.size(mode)
    levels = level_of(mode, size)
    level  = levels[-1] if draft.given("form") == "leaf" else draft.rng.choice(levels[:-1])
    number = int(draft.plan["bit"].removeprefix("bit "))
    draft.let(mode=mode, size=size, raw=f"{level} {1 << number:#x}")
    return access(draft)


WALKS: Mapping[str, Callable[[Draft], Machine]] = {
    "access": access, "entry bit": entry_bit, "defect": defect, "defect below": defect_below,
    "losing refusal": losing_refusal,
    "XD without NXE": xd_without_nxe, "missing": missing, "refused": refusal,
    "supervisor page": supervisor_page, "reserved bit": reserved_bit,
    "ignored bit": ignored_bit, "missing PDPTE": missing_pdpte,
}
