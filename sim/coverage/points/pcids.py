"""Coverpoints of PCIDs: rules 32 to 35."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, OperationSeen, PageSeen, WriteSeen
from sim.coverage.reachability import Reachability

from .history import NO_FLUSHES, global_or_not, kept, served, the_one
from .terms import MODES, cross, first_reason, shift_name


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

LONG = ("5-level", "4-level")

#: Writes with PCIDs, and of them those that flush.
WRITES = ("PGE=0", "PGE=1", "PCIDE=0", "SMEP=1", *NO_FLUSHES)

#: Whose translation it is, as an operation sees it.
OWNERS = ("current", "other", "global")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 32 to 35 for a unit."""
    reach = Reachability(config)

    def no_pcid(mode: str, *rest: str) -> str | None:
        return first_reason(reach.mode(mode), reach.bit("PCIDE=1"))

    def no_return(back: bool) -> str | None:
        return "the first level of the TLB forgets a PCID that is left" \
            if back and not config.second_entries else None

    yield Coverpoint("PCIDs", "Writes of CR3 with CR4.PCIDE = 1: the PCID, and whether to flush.",
                     cross(("same", "other"), ("flush", "no flush")),
                     lambda *_: reach.bit("PCIDE=1"),
                     32, ("new PCID", "flush bit"), pcids, "pcid")
    yield Coverpoint("translations by PCID", "A page that was cached, the PCID now and what CR3 "
                     "was written with, and whether it is walked anew.",
                     (*cross(LONG, ("other PCID",), ("no flush",), ("not global",), ("walk",)),
                      *cross(LONG, ("other PCID",), ("no flush",), ("global",), ("hit",)),
                      *cross(LONG, ("same PCID",), ("no flush",), ("not global", "global"),
                             ("hit",)),
                      *cross(LONG, ("same PCID",), ("flush",), ("not global",), ("walk",)),
                      *cross(LONG, ("same PCID",), ("flush",), ("global",), ("hit",))),
                     lambda mode, now, flush, shared, found: first_reason(
                         no_pcid(mode), reach.bit("PGE=1") if shared == "global" else None,
                         no_return(now == "same PCID" and found == "hit")),
                     32, ("mode", "PCID now", "flush bit", "global", "found"),
                     by_pcid, "pcid")
    yield Coverpoint("INVPCID", "Its type, whose translation was cached, and whether the page is "
                     "walked anew.",
                     tuple((mode, f"type {number}", owner, _left(number, owner))
                           for mode in LONG for number in range(4) for owner in OWNERS),
                     lambda mode, kind, owner, found: first_reason(
                         no_pcid(mode), reach.no_operation("INVPCID", kind),
                         reach.bit("PGE=1") if owner == "global" else None),
                     33, ("mode", "type", "owner", "found"), invpcid, "invpcid")
    yield Coverpoint("INVPCID by mode", "Its type, in every mode.",
                     cross(("off", *MODES), (f"type {number}" for number in range(4))),
                     lambda mode, kind: first_reason(
                         reach.mode(mode), reach.no_operation("INVPCID", kind)),
                     33, ("mode", "type"), invpcid_by_mode, "invpcid by mode")
    yield Coverpoint("INVPCID refused", "The one reason of #GP.",
                     (("type above 3",), ("not canonical",), *cross(shift_name(range(12, 64))),
                      ("type 0 without PCIDE",), ("type 1 without PCIDE",)),
                     lambda reason: reach.no_operation("INVPCID", "type 0"),
                     33, ("invpcid refused",), invpcid_refused, "invpcid refused")
    yield Coverpoint("single pages by PCID", "INVLPG and #PF: whose translation of the page it is, "
                     "and whether it is walked anew.",
                     (*cross(LONG, ("INVLPG", "#PF"), ("current", "global"), ("walk",)),
                      *cross(LONG, ("INVLPG", "#PF"), ("other",), ("hit",))),
                     lambda mode, name, owner, found: first_reason(
                         no_pcid(mode), reach.bit("PGE=1") if owner == "global" else None,
                         no_return(owner == "other")),
                     34, ("mode", "single", "owner", "found"), single_by_pcid, "single by pcid")
    yield Coverpoint("writes with PCIDs", "What a control write does to translations of the "
                     "current PCID, of others, and to global ones.",
                     tuple((write, owner, found) for write in WRITES for owner in OWNERS
                           for found in (_found(write, owner),)
                           if (write, owner) not in (("PCIDE=0", "other"), ("PGE=1", "global"))),
                     lambda write, owner, found: first_reason(
                         reach.bit("PCIDE=1"), reach.bit(write.replace("=0", "=1")),
                         {"PKRU": reach.bit("PKE=1"), "PKRS": reach.bit("PKS=1")}.get(write),
                         reach.bit("PGE=1") if owner == "global" else None,
                         no_return((owner, found) == ("other", "hit"))),
                     35, ("write", "owner", "found"), writes, "write with pcids")


def _found(write: str, owner: str) -> str:
    """The fate of a page after a write: hit, or walked anew."""
    if write in ("PGE=0", "PGE=1", "PCIDE=0"):
        return "walk"
    return "walk" if write == "SMEP=1" and owner != "other" else "hit"


def _left(kind: int, owner: str) -> str:
    """The fate of a page after an INVPCID of a type: only type 2 forgets global translations."""
    if kind == 2:
        return "walk"
    return "walk" if owner == "current" or (owner, kind) == ("other", 3) else "hit"


def pcids(seen: WriteSeen) -> Hits:
    """Writes of CR3 with PCIDs."""
    if seen.register == "CR3" and seen.before.pcid_enable and not seen.refused:
        yield ("same" if seen.value & 0xfff == seen.before.pcid else "other",
               "no flush" if seen.value >> 63 else "flush")


_SWITCHES = ("MOV CR3, no flush",)


def by_pcid(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages that were cached, after writes of CR3 alone."""
    writes = page.since
    if page.cached is None or not seen.state.pcid_enable or not writes or page.ending != "done" \
            or any(not happening.name.startswith("MOV CR3") for happening in writes):
        return
    same = page.cached.state.pcid == seen.state.pcid
    flush = any(happening.name == "MOV CR3" and happening.pcid == page.cached.state.pcid
                for happening in writes)
    shared  = global_or_not(page)
    forgets = shared == "not global" and (flush or not same)
    yield from kept(page, (seen.state.mode.value, "same PCID" if same else "other PCID",
                           "flush" if flush else "no flush", shared),
                    "walk" if forgets else "hit")


def _owner(page: PageSeen, pcid: int) -> str:
    """The owner of a cached translation, to an operation that names a PCID."""
    assert page.cached is not None, "nothing is cached"
    if page.cached.global_page:
        return "global"
    return "current" if page.cached.state.pcid == pcid else "other"


def invpcid(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages after INVPCID."""
    operation = the_one(page, *_SWITCHES)
    if page.cached is None or operation is None or operation.name != "INVPCID" \
            or page.ending != "done" or not served(seen, page):
        return
    region = page.entries[-1].level.region
    if operation.value or operation.linear & -region == page.linear & -region:
        owner = _owner(page, operation.pcid)
        yield from kept(page, (seen.state.mode.value, f"type {operation.value}", owner),
                        _left(operation.value, owner))


def invpcid_by_mode(seen: OperationSeen) -> Hits:
    """INVPCID that is done."""
    if seen.name == "INVPCID" and not seen.refused:
        yield seen.state.mode.value, f"type {seen.type}"


def invpcid_refused(seen: OperationSeen) -> Hits:
    """The one reason why INVPCID is refused."""
    if seen.name != "INVPCID" or not seen.refused:
        return
    upper   = seen.pcid >> 12
    reasons = ["type above 3"] * (seen.type > 3)
    reasons += [f"bit {number + 12}" for number in range(52) if upper >> number & 1]
    if seen.type == 0 and not seen.state.sign_extended(seen.linear):
        reasons.append("not canonical")
    if seen.type in (0, 1) and seen.pcid & 0xfff and not seen.state.pcid_enable:
        reasons.append(f"type {seen.type} without PCIDE")
    if len(reasons) == 1:
        yield (reasons[0],)


def single_by_pcid(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages after INVLPG or a page fault of them, under whatever PCID."""
    operation = the_one(page, *_SWITCHES)
    if page.cached is None or operation is None or operation.name not in ("INVLPG", "#PF") \
            or page.ending != "done" or not served(seen, page) \
            or operation.linear >> 12 != page.linear >> 12:
        return
    if seen.state.pcid_enable:
        owner = _owner(page, operation.state.pcid)
        yield from kept(page, (seen.state.mode.value, operation.name, owner),
                        "hit" if owner == "other" else "walk")


def writes(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages after a control write with PCIDs."""
    operation = the_one(page, *_SWITCHES)
    if page.cached is None or operation is None or operation.name not in WRITES \
            or not operation.state.pcid_enable or page.ending != "done" \
            or not served(seen, page):
        return
    owner = _owner(page, operation.state.pcid)
    yield from kept(page, (operation.name, owner), _found(operation.name, owner))
