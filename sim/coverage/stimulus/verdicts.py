"""Stimuli for the verdict on an access, and for protection keys: rules 9 to 14, 20 and 36."""

from collections.abc import Callable, Mapping

from sim.golden.reserved import US

from .accesses import access, allowed, refused, with_defect, with_page
from .draft import Draft
from .machine import Machine
from .walks import defect


__all__ = ["FORCED", "VERDICTS"]


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
    draft.let_all({"R/W": "R/W=1", "SMAP": "SMAP=0"})
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


def key_off(draft: Draft) -> Machine:
    """A data access that a key would refuse, if the register counted."""
    allowed(draft)
    user = draft.plan["register"] == "PKRU"
    draft.plan["U/S"] = f"U/S={int(user)}"
    draft.let_all({"mode": draft.rng.choice([mode for mode in ("4-level", "5-level")
                                             if draft.reach.mode(mode) is None]),
                   "class": draft.rng.choice(("read", "write")), "privilege": "supervisor",
                   "all keys": "0xffffffff"})
    machine = Machine(draft, draft.plan["mode"])
    machine.pkru = machine.pkrs = 0xffff_ffff
    return with_page(draft, machine)


def right_in_mode(draft: Draft) -> Machine:
    """An access of the supervisor that one bit of a register decides on."""
    name, value = draft.plan["switch"].split("=")
    draft.let_all({"privilege": "supervisor", "AC": "AC=0", "SMAP": "SMAP=0", "SMEP": "SMEP=0",
                   "XD": f"XD={int(name == 'XD')}", "R/W": f"R/W={int(name != 'WP')}",
                   "U/S": f"U/S={int(name in ('SMEP', 'SMAP'))}", "NXE": f"NXE={int(name == 'XD')}",
                   "class": "write" if name == "WP" else
                   draft.rng.choice(("read", "write")) if name == "SMAP" else "fetch"})
    draft.plan[name if name != "XD" else "NXE"] = f"{name}={value}"
    return access(draft)


#: Axes that have to have a value, for what is else a random access.
FORCED: Mapping[str, Mapping[str, str]] = {
    "write":              {"class": "write", "SMAP": "SMAP=0", "PKE": "PKE=0", "PKS": "PKS=0"},
    "smap write":         {"class": "write", "privilege": "supervisor", "U/S": "U/S=1",
                           "SMAP": "SMAP=1", "R/W": "R/W=1", "PKE": "PKE=0"},
    "fetch":              {"class": "fetch", "XD": "XD=0"},
    "fetch of user page": {"class": "fetch", "privilege": "supervisor", "U/S": "U/S=1",
                           "XD": "XD=0"},
    "fetch under SMAP":   {"class": "fetch", "U/S": "U/S=1", "XD": "XD=0", "SMEP": "SMEP=0",
                           "SMAP": "SMAP=1"},
    "implicit":           {"privilege": "implicit", "R/W": "R/W=1", "PKE": "PKE=0",
                           "PKS": "PKS=0"},
    "2M":                 {"size": "2M", "R/W": "R/W=1", "U/S": "U/S=1", "XD": "XD=0",
                           "SMAP": "SMAP=0", "SMEP": "SMEP=0", "PKE": "PKE=0", "PKS": "PKS=0"},
    "PAE":                {"mode": "PAE", "R/W": "R/W=1", "U/S": "U/S=1", "XD": "XD=0",
                           "SMAP": "SMAP=0", "SMEP": "SMEP=0"},
}


def data(draft: Draft) -> Machine:
    """A data access."""
    draft.let_all({"class": draft.rng.choice(("read", "write")), "R/W": "R/W=1", "PKE": "PKE=0",
                   "PKS": "PKS=0"})
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


VERDICTS: Mapping[str, Callable[[Draft], Machine]] = {
    "fault": faulting, "implicit fault": implicit_fault, "error code": error_code,
    "dirty read-only": dirty_read_only, "data": data, "key": key, "key refuses": key,
    "key beside": key_beside, "key untold": key_untold, "key off": key_off,
    "key and ac": key_and_ac, "fetch by key": fetch_by_key, "PAE keys": pae_key,
    "right in mode": right_in_mode,
}
