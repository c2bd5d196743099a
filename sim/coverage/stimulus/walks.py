"""Stimuli for the walk, the verdict and the flags: rules 1 to 19, 30, 36, 37."""

from collections.abc import Callable, Mapping

from sim.coverage.points.terms import LEVELS, level_of
from sim.golden.reserved import D, G, PS, RW, US, XD

from .accesses import access, allowed, refused, with_defect
from .draft import Draft
from .machine import ALL_RIGHTS, Machine


__all__ = ["FORCED", "WALKS"]


_LARGE = {"PDPTE": "1G", "PDE": "2M"}


def entry_bit(draft: Draft) -> Machine:
    """An entry with one bit."""
    mode, level, bit = draft.mode(), draft.plan["level"], draft.plan["entry bit"]
    draft.let(mode=mode)
    large = "4M" if mode == "32-bit" else _LARGE.get(level, "4K")
    if bit == "P=0":
        return with_defect(draft, Machine(draft, mode), level, 0, missing=True)
    if bit == "RSVD=1":
        return defect(draft)
    if bit.startswith("XD"):
        draft.let(NXE="NXE=1")
    if bit == "PS=0" or level.startswith("PML"):
        sizes = [size for size in _sizes_of(mode) if level in level_of(mode, size)[:-1]]
        draft.let(size=draft.rng.choice(sizes) if sizes else "4K")
    elif bit[0] in "DG" or bit == "PS=1":
        draft.let(size=large if level != "PTE" else "4K")
    else:
        sizes = [size for size in _sizes_of(mode) if level in level_of(mode, size)
                 and draft.reach.size(mode, size) is None]
        draft.let(size=draft.rng.choice(sizes))
    if large == "4M":
        draft.let(PSE="PSE=1")
    draft.let(by="walk")
    return access(draft)


def _sizes_of(mode: str) -> tuple[str, ...]:
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
    if level in _LARGE:
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
        draft.plan |= {"size": _LARGE[level]}
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


def missing(draft: Draft) -> Machine:
    """An entry with P = 0."""
    mode = draft.mode()
    rest = draft.choose("rest", ("nothing", "reserved bits", "XD"))
    draft.let(NXE="NXE=1" if rest == "XD" else "NXE=0", PSE="PSE=1")
    draft.plan |= {"M": "40", "class": draft.choose("kind", ("read", "write", "fetch"))}
    draft.plan.pop("kind", None)
    bits = {"nothing": 0, "XD": XD | draft.rng.choice((0, RW | US)),
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
        mode for mode in (("4-level", "5-level") if case == "PKRU" else LEVELS)
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
        draft.let_all({"class": "read", "PKE": "PKE=1", "PKS": "PKS=0",
                       "all keys": "0xffffffff", "privilege": "supervisor"})
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
        draft.plan["size"] = _LARGE[level]
    return with_defect(draft, Machine(draft, mode), level, 1 << number)


def ignored_bit(draft: Draft) -> Machine:
    """An access that is done by entries with bits that have no meaning."""
    allowed(draft)
    draft.let(by="walk", key="0")
    if draft.given("ignored"):
        mode, level = draft.mode(), draft.plan["level"]
        sizes = [size for size in _sizes_of(mode) if level in level_of(mode, size)[:-1]]
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


def faulting(draft: Draft) -> Machine:
    """An access that faults for a cause."""
    cause = draft.choose("fault", ("missing", "reserved", "rights"))
    if cause == "rights":
        if draft.given("kind") in (None, "fetch") and draft.given("SMEP") is not None:
            draft.plan |= {"kind": "fetch"}
            if draft.given("privilege") is None:
                draft.plan["privilege"] = "user"
        refused(draft)
        return access(draft)
    if draft.given("SMEP") is not None:
        draft.plan["kind"] = "fetch"
    mode = draft.mode()
    draft.let(mode=mode, defect="missing" if cause == "missing" else
              "XD without NXE" if draft.given("NXE") == "NXE=0" else "address")
    if mode == "32-bit":
        draft.plan.pop("defect")
        if cause == "missing":
            draft.plan["defect"] = "missing"
    return defect(draft)


def error_code(draft: Draft) -> Machine:
    """An access that faults with an error code."""
    bits = {name: draft.plan[name].endswith("1") for name in ("P", "W", "U", "RSVD", "I/D", "PK")}
    kind = "fetch" if bits["I/D"] else draft.rng.choice(
        ("write", "exchange", "compare-exchange")) if bits["W"] else "read"
    draft.let(kind=kind, privilege="user" if bits["U"] else
              draft.rng.choice(("supervisor", "implicit")))
    if bits["I/D"]:
        draft.let(SMEP="SMEP=1")
    if bits["PK"]:
        user = draft.rng.choice((True, False)) if draft.config.pks and draft.config.pku \
            else draft.config.pku
        draft.let(register="PKRU" if user else "PKRS", AD="AD=1", WD="WD=1")
        return key(draft)
    draft.plan["fault"] = "missing" if not bits["P"] else \
        "reserved" if bits["RSVD"] else "rights"
    draft.let(PKE="PKE=0", PKS="PKS=0")
    for name in ("P", "W", "U", "RSVD", "I/D", "PK"):
        draft.plan.pop(name)
    smep = draft.plan.pop("SMEP", None)
    if smep and draft.plan["fault"] != "rights":
        draft.plan["SMEP"] = smep
    elif smep:
        refused(draft)
        draft.plan["SMEP"] = smep
        return access(draft)
    return faulting(draft)


def dirty_read_only(draft: Draft) -> Machine:
    """A supervisor's write to a read-only page with WP = 0."""
    draft.let_all({"class": "write", "WP": "WP=0", "read-only": "in the leaf", "by": "walk",
                   "D": "D=0", "SMAP": "SMAP=0", "PKE": "PKE=0", "PKS": "PKS=0",
                   "privilege": draft.rng.choice(("supervisor", "implicit"))})
    return access(draft)


def key(draft: Draft) -> Machine:
    """A data access to a page that a key judges."""
    user = draft.choose("register", [register for register, bit in (
        ("PKRU", "PKE=1"), ("PKRS", "PKS=1")) if draft.reach.bit(bit) is None]) == "PKRU"
    draft.let_all({"mode": draft.rng.choice([mode for mode in ("4-level", "5-level")
                                             if draft.reach.mode(mode) is None]),
                   "U/S": "U/S=1" if user else "U/S=0", "PKE": "PKE=1", "PKS": "PKS=1"})
    if "kind" not in draft.plan:
        draft.let_all({"class": draft.rng.choice(("read", "write"))})
    verdict = draft.given("verdict")
    if verdict:
        draft.let_all({"all keys": "0x0" if verdict == "allowed" else "0xffffffff",
                       "class": "read", "privilege": "supervisor", "SMAP": "SMAP=0"})
    disables = draft.given("disables")
    if disables:
        draft.let_all({"AD": f"AD={int(disables == 'AD')}", "WD": f"WD={int(disables == 'WD')}",
                       "WP": "WP=1"})
        draft.plan["class"] = "write"
    return access(draft)


def key_beside(draft: Draft) -> Machine:
    """An access that a key refuses, and perhaps something else."""
    cause = draft.choose("other cause", ("alone",))
    draft.let_all({"all keys": "0xffffffff", "WP": "WP=1"})
    user  = draft.plan["register"] == "PKRU"
    draft.let_all({
        "privilege": "user" if cause == "U/S" else "supervisor" if cause == "SMAP" or not user
        else "user", "R/W": "R/W=0" if cause == "R/W" else "R/W=1",
        "SMAP": "SMAP=1" if cause == "SMAP" else "SMAP=0", "AC": "AC=0"})
    return key(draft)


def key_untold(draft: Draft) -> Machine:
    """A fault in which a key has no part."""
    user = draft.plan["register"] == "PKRU"
    case = draft.plan["untold"]
    draft.let_all({"mode": draft.rng.choice([mode for mode in ("4-level", "5-level")
                                             if draft.reach.mode(mode) is None]),
                   "PKE": "PKE=1", "PKS": "PKS=1", "all keys": "0xffffffff", "size": "4K",
                   "by": "walk", "level": "PTE", "M": "40", "NXE": "NXE=1",
                   "U/S": "U/S=1" if user else "U/S=0"})
    if case == "fetch":
        draft.let_all({"class": "fetch", "XD": "XD=1"})
        return access(draft)
    machine = Machine(draft, draft.plan["mode"])
    machine.pkru = machine.pkrs = 0xffff_ffff
    bits = 1 << 51 if case == "reserved" else US * user | 3 << 59
    return with_defect(draft, machine, "PTE", bits, missing=case == "missing")


def key_and_ac(draft: Draft) -> Machine:
    """A supervisor's access to a user page that PKRU refuses."""
    draft.let_all({"register": "PKRU", "all keys": "0xffffffff", "privilege": "supervisor",
                   "class": "read"})
    return key(draft)


def fetch_by_key(draft: Draft) -> Machine:
    """A fetch of a page whose key has AD."""
    draft.let_all({"kind": "fetch", "all keys": "0xffffffff", "by": "walk"})
    user = draft.plan["register"] == "PKRU"
    if draft.given("result") == "done":
        draft.let_all({"SMEP": "SMEP=0", "XD": "XD=0", "privilege": "supervisor"})
    elif user:
        draft.let_all({"SMEP": "SMEP=1", "privilege": "supervisor"})
    else:
        draft.let_all({"privilege": "user"})
    return key(draft)


def flags(draft: Draft) -> Machine:
    """A walk that sets flags, or need not."""
    allowed(draft)
    draft.let(by="walk")
    return access(draft)


def upper_flags(draft: Draft) -> Machine:
    """A walk through an upper entry, done or not."""
    mode, level = draft.mode(), draft.plan["level"]
    sizes = [size for size in _sizes_of(mode) if level in level_of(mode, size)[:-1]]
    draft.let(mode=mode, size=draft.rng.choice(sizes), by="walk")
    if draft.given("result") == "done":
        allowed(draft)
    else:
        refused(draft)
    return access(draft)


def refused_flags(draft: Draft) -> Machine:
    """A walk to a leaf that refuses the access."""
    refused(draft)
    draft.let(by="walk")
    return access(draft)


def crossing(draft: Draft) -> Machine:
    """An access to two pages, of which one may fault."""
    outcome = draft.choose("crossing", ("both done", "first faults", "second rights"))
    allowed(draft)
    mode = draft.choose("mode", [mode for mode in LEVELS if draft.reach.mode(mode) is None])
    kind, size = draft.kind(), draft.rng.choice((2, 4, 8))
    draft.plan |= {"NXE": "NXE=0", "M": "36", "PSE": "PSE=1"}
    machine = Machine(draft, mode)
    first   = machine.linear() & ~0x1000
    cpl     = 3
    machine.map(first, "4K")
    if outcome == "second reserved" and mode == "32-bit":
        # A PTE has no reserved bits: the second page is of 4 MiB.
        first |= 0x3f_f000
        machine.memory.clear()
        machine.map(first, "4K")
        machine.map(first + 0x1000 & 0xffff_ffff, "4M", flags={"PDE": ALL_RIGHTS | 1 << 21})
    else:
        rights = {"second missing": 0, "second reserved": ALL_RIGHTS | 1 << 51,
                  "second rights": ALL_RIGHTS & ~US}.get(outcome, ALL_RIGHTS)
        machine.map(first + 0x1000, "4K", flags={"PTE": rights})
        if outcome == "second missing":
            place = machine.map(first + 0x1000, "4K")["PTE"]
            machine.memory[place] = 0
    if outcome == "first faults":
        place = machine.map(first, "4K")["PTE"]
        machine.memory[place] &= ~US
    machine.access(kind, first + 4096 - draft.rng.randrange(1, size), size, cpl=cpl, implicit=0)
    return machine


def race(draft: Draft) -> Machine:
    """An entry that somebody changes between its read and its update."""
    allowed(draft)
    mode = draft.mode()
    draft.let(by="walk", mode=mode, size="4K", kind="read", privilege="supervisor")
    draft.let(edit="P cleared", level=draft.rng.choice(LEVELS[mode]))
    if draft.plan["edit"] == "A set":
        # Only the update of D finds that A is set: it has another value than was read.
        draft.plan["kind"] = "write"
    return access(draft)


def clean_write(draft: Draft) -> Machine:
    """A write to a page that is cached with D = 0."""
    allowed(draft)
    draft.let(D="D=0", by=draft.rng.choice(("first level", "second level")))
    draft.let_all({"class": "write"})
    return access(draft)


def thirty_two(draft: Draft) -> Machine:
    """32-bit paging, with PS in a PDE or not."""
    allowed(draft)
    draft.let(mode="32-bit")
    if draft.given("PS") == "PS=1" and draft.given("PSE") == "PSE=0":
        draft.let(size="4K", raw=f"PDE {PS:#x}")
    else:
        draft.let(size="4M" if draft.given("PS") == "PS=1" else "4K")
    return access(draft)


def pse_36(draft: Draft) -> Machine:
    """A 4 MiB page with one of the bits above its frame."""
    allowed(draft)
    number  = int(draft.plan["bit"].removeprefix("bit "))
    address = draft.plan["meaning"] == "address"
    draft.let(mode="32-bit", size="4M", PSE="PSE=1", by="walk",
              M="52" if address or number == 21 else str(min(number + 19, 39)),
              raw=f"PDE {1 << number:#x}")
    return access(draft)


def wide(draft: Draft) -> Machine:
    """An access beyond the reach of four levels."""
    allowed(draft)
    draft.let(mode="5-level")
    machine = Machine(draft, "5-level")
    linear  = machine.linear(wide=True)
    machine.map(linear, "4K")
    machine.access(draft.kind(), linear, 4, cpl=0, implicit=0)
    return machine


#: Axes that have to have a value, for what is else a random access.
FORCED: Mapping[str, Mapping[str, str]] = {
    "write":              {"class": "write"},
    "smap write":         {"class": "write", "privilege": "supervisor", "U/S": "U/S=1",
                           "SMAP": "SMAP=1"},
    "fetch":              {"class": "fetch", "XD": "XD=0"},
    "fetch of user page": {"class": "fetch", "privilege": "supervisor", "U/S": "U/S=1",
                           "XD": "XD=0"},
    "fetch under SMAP":   {"class": "fetch", "U/S": "U/S=1", "XD": "XD=0", "SMEP": "SMEP=0",
                           "SMAP": "SMAP=1"},
    "implicit":           {"privilege": "implicit"},
    "2M":                 {"size": "2M", "R/W": "R/W=1", "U/S": "U/S=1", "XD": "XD=0",
                           "SMAP": "SMAP=0", "SMEP": "SMEP=0", "PKE": "PKE=0", "PKS": "PKS=0"},
    "PAE":                {"mode": "PAE", "R/W": "R/W=1", "U/S": "U/S=1", "XD": "XD=0",
                           "SMAP": "SMAP=0", "SMEP": "SMEP=0"},
}


def data(draft: Draft) -> Machine:
    """A data access."""
    draft.let_all({"class": draft.rng.choice(("read", "write"))})
    return access(draft)


def implicit_fault(draft: Draft) -> Machine:
    """An implicit access that faults."""
    draft.let_all({"privilege": "implicit", "class": draft.rng.choice(("read", "write"))})
    draft.plan["kind"] = draft.kind()
    return faulting(draft)


def pae_key(draft: Draft) -> Machine:
    """An access in PAE paging that a key would refuse in long mode."""
    allowed(draft)
    user = draft.plan["PAE key"] == "PKE"
    draft.plan |= {"mode": "PAE", "PKE": "PKE=1", "PKS": "PKS=1", "all keys": "0xffffffff",
                   "U/S": "U/S=1" if user else "U/S=0", "privilege": "supervisor",
                   "class": "read"}
    return access(draft)


WALKS: Mapping[str, Callable[[Draft], Machine]] = {
    "access": access, "entry bit": entry_bit, "defect": defect, "defect below": defect_below,
    "XD without NXE": xd_without_nxe,
    "missing": missing, "refused": refusal, "supervisor page": supervisor_page,
    "reserved bit": reserved_bit, "ignored bit": ignored_bit, "canonical": canonical,
    "fault": faulting, "implicit fault": implicit_fault, "error code": error_code,
    "dirty read-only": dirty_read_only, "data": data, "key": key, "key refuses": key,
    "key beside": key_beside, "key untold": key_untold, "key and ac": key_and_ac,
    "fetch by key": fetch_by_key, "flags": flags, "upper flags": upper_flags,
    "refused flags": refused_flags, "crossing": crossing, "race": race,
    "clean write": clean_write, "32-bit": thirty_two, "PSE-36": pse_36, "5-level": wide,
    "PAE keys": pae_key, "missing PDPTE": missing_pdpte,
}
