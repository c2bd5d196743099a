"""Coverpoints of cached translations: rules 22 to 27, and 32 to 35."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, Happening, OperationSeen, PageSeen, WriteSeen
from sim.coverage.reachability import Reachability
from sim.golden.permission import Attempt
from sim.golden.reserved import A, D, P, PS, RW, XD

from .terms import (
    HITS, LEVELS, MODES, PAGES, RIGHTS, attempt, cross, first_reason, no_hit, refused_by,
    right_bits, shift_name,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

LONG = ("5-level", "4-level")

#: What an entry that is cached can lose, in memory.
EDITS = ("P cleared", "R/W cleared", "another frame", "A cleared", "D cleared", "upper cleared",
         "split")

#: Changes of control state, with none of which a translation is forgotten.
CHANGES = ("WP=0", "WP=1", "SMEP=0", "SMAP=0", "SMAP=1", "AC=0", "AC=1", "NXE=0", "NXE=1",
           "PKE=0", "PKE=1", "PKS=0", "PKS=1", "PKRU", "PKRS", "CPL=0", "CPL=3")

#: What flushes many translations, without PCIDs.
FLUSHES = ("MOV CR3", "PGE=0", "PGE=1", "PG=0", "SMEP=1")

#: Writes with PCIDs, and of them those that flush.
WRITES = ("PGE=0", "PGE=1", "PCIDE=0", "SMEP=1", *CHANGES[:15])

#: Whose translation it is, as an operation sees it.
OWNERS = ("current", "other", "global")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 22 to 27, and 32 to 35, for a unit."""
    yield from _stale(config)
    yield from _forgotten(config)
    yield from _pcids(config)


def _stale(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("repaired entries", "Missing and malformed entries, repaired without a flush, "
                     "and seen by the next access.",
                     tuple((mode, level, cause) for mode in MODES for level in LEVELS[mode]
                           for cause in ("missing", "reserved")
                           if (mode, level, cause) != ("32-bit", "PTE", "reserved")),
                     lambda mode, level, cause: first_reason(
                         reach.mode(mode),
                         mode == "32-bit" and cause == "reserved" and reach.reserved() or None),
                     22, ("mode", "level", "cause"), repaired, "repaired")
    yield Coverpoint("present state", "What has changed since a translation was cached, and makes "
                     "another verdict on a hit of it.",
                     cross(CHANGES, HITS),
                     lambda change, by: first_reason(
                         reach.bit(change.replace("=0", "=1")),
                         "while NXE = 0 an entry with XD is malformed, and not cached"
                         if change == "NXE=1" else None,
                         {"PKRU": reach.bit("PKE=1"), "PKRS": reach.bit("PKS=1"),
                          "AC=0": reach.bit("SMAP=1"), "AC=1": reach.bit("SMAP=1"),
                          "CPL=0": reach.bit("SMAP=1")}.get(change),
                         no_hit(config, "32-bit", "4K", by)),
                     23, ("change", "by"), present_state, "present state")
    yield Coverpoint("stale translations", "Entries that were edited without a flush, and what "
                     "has translated by the old one.",
                     (*((mode, edit, by) for mode in MODES for edit in EDITS for by in HITS),
                      *((mode, "upper cleared", "tables") for mode in MODES)),
                     lambda mode, edit, by: first_reason(
                         reach.mode(mode),
                         no_hit(config, mode, "2M" if mode != "32-bit" else "4M", by)
                         if edit == "split" else no_hit(
                             config, mode, "4K", "second level" if by == "tables" else by)),
                     24, ("mode", "stale", "by"), stale, "stale")
    yield Coverpoint("raised rights", "The right that was raised, and the hit that has refused the "
                     "access once more: the retry is done.",
                     tuple((mode, right, by) for mode in MODES
                           for right in RIGHTS[:2 if mode == "32-bit" else 3] for by in HITS),
                     lambda mode, right, by: first_reason(
                         no_hit(config, mode, "4K", by),
                         reach.bit("XD=1") if right == "XD" else None),
                     25, ("mode", "right", "by"), raised, "raised")


def _forgotten(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("INVLPG", "Pages that are walked anew after it, by where its address is.",
                     tuple((*page, shared, where) for page in PAGES
                           for shared in ("not global", "global")
                           for where in ("same 4 KiB", "other 4 KiB")
                           if (page[1], where) != ("4K", "other 4 KiB")),
                     lambda mode, size, shared, where: first_reason(
                         reach.size(mode, size),
                         reach.bit("PGE=1") if shared == "global" else None),
                     26, ("mode", "size", "global", "where in page"), invlpg, "invlpg")
    yield Coverpoint("INVLPG that does nothing", "Pages that are hit after one whose address is "
                     "not canonical.",
                     cross(LONG, HITS), lambda mode, by: no_hit(config, mode, "4K", by),
                     26, ("mode", "by"), idle_invlpg, "idle invlpg")
    yield Coverpoint("flushes", "What flushes, a page that was cached, and whether it is walked "
                     "anew.",
                     (*((mode, flush, shared, "walk") for mode in MODES for flush in FLUSHES
                        for shared in ("not global", "global")
                        if (flush, shared) not in (("MOV CR3", "global"), ("PGE=1", "global"))),
                      *((mode, "MOV CR3", "global", "hit") for mode in MODES),
                      *cross(("32-bit", "PAE"), ("PAE toggled",), ("not global", "global"),
                             ("walk",))),
                     lambda mode, flush, shared, found: first_reason(
                         reach.mode(mode), reach.mode("PAE") if flush == "PAE toggled" else None,
                         reach.bit("PGE=1") if "PGE" in flush or shared == "global" else None,
                         reach.bit("SMEP=1") if "SMEP" in flush else None),
                     27, ("mode", "flush", "global", "found"), flushes, "flush")


def _pcids(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)

    def no_pcid(mode: str, *rest: str) -> str | None:
        return first_reason(reach.mode(mode), reach.bit("PCIDE=1"))

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
                     no_pcid, 32, ("mode", "PCID now", "flush bit", "global", "found"),
                     by_pcid, "pcid")
    yield Coverpoint("INVPCID", "Its type, and whose translation was cached.",
                     cross(LONG, (f"type {number}" for number in range(4)), OWNERS),
                     lambda mode, kind, owner: first_reason(
                         no_pcid(mode), reach.no_operation("INVPCID", kind),
                         reach.bit("PGE=1") if owner == "global" else None),
                     33, ("mode", "type", "owner"), invpcid, "invpcid")
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
                         no_pcid(mode), reach.bit("PGE=1") if owner == "global" else None),
                     34, ("mode", "single", "owner", "found"), single_by_pcid, "single by pcid")
    yield Coverpoint("writes with PCIDs", "What a control write does to translations of the "
                     "current PCID, of others, and to global ones.",
                     tuple((write, owner, found) for write in WRITES for owner in OWNERS
                           for found in (_found(write, owner),)
                           if (write, owner) not in (("PCIDE=0", "other"), ("PGE=1", "global"))),
                     lambda write, owner, found: first_reason(
                         reach.bit("PCIDE=1"), reach.bit(write.replace("=0", "=1")),
                         {"PKRU": reach.bit("PKE=1"), "PKRS": reach.bit("PKS=1")}.get(write),
                         reach.bit("PGE=1") if owner == "global" else None),
                     35, ("write", "owner", "found"), writes, "write with pcids")


def _found(write: str, owner: str) -> str:
    """The fate of a page after a write: hit, or walked anew."""
    if write in ("PGE=0", "PGE=1", "PCIDE=0"):
        return "walk"
    return "walk" if write == "SMEP=1" and owner != "other" else "hit"


# Samplers

def _hit(page: PageSeen) -> str:
    return "hit" if page.by in HITS else "walk"


def _kept(page: PageSeen, values: tuple[str, ...], expected: str) -> Hits:
    """The bin of a page that is hit, or walked anew.

    To forget a translation is permitted at any time, so that a walk in place of a hit says nothing.
    A hit in place of a walk is a bin that does not exist.
    """
    found = _hit(page)
    if (found, expected) != ("walk", "hit"):
        yield *values, found


def _only(page: PageSeen, *ignored: str) -> Happening | None:
    """The one thing that has happened to a translation, but for some."""
    found = [happening for happening in page.since if happening.name not in ignored]
    return found[0] if len(found) == 1 else None


def repaired(seen: AccessSeen, page: PageSeen) -> Hits:
    """Accesses that are done where the one before has found no page."""
    before = page.refused
    if before is not None and before.ending in ("missing", "reserved") and before.entries \
            and page.ending == "done" and page.begins:
        yield seen.state.mode.value, before.entries[-1].level.name, before.ending


def present_state(seen: AccessSeen, page: PageSeen) -> Hits:
    """Hits with another verdict than there would have been."""
    if page.by not in HITS or page.cached is None or page.leaf is None:
        return
    names = {happening.name for happening in page.since}
    tried = attempt(seen)
    now   = refused_by(seen.state, page, tried, seen.key_of(page))
    then  = refused_by(page.cached.state, page, tried, seen.key_of(page))
    if len(names) == 1 and bool(now) != bool(then):
        yield from ((name, page.by) for name in names & {*CHANGES})
    if not names and tried.user != page.cached.user:
        other = refused_by(seen.state, page, _as_other(tried), seen.key_of(page))
        if bool(now) != bool(other):
            yield f"CPL={3 * tried.user}", page.by


def _as_other(tried: Attempt) -> Attempt:
    return tried._replace(user=not tried.user)


def _edit_of(page: PageSeen, happening: Happening) -> str:
    """The loss of a cached entry by an edit; "" if it is none of the page's."""
    for entry in page.entries:
        if entry.address != happening.linear or happening.name != "edit":
            continue
        before, after = entry.value, happening.value
        changed = before ^ after
        if changed & P:
            return "P cleared" if entry.leaf else "upper cleared"
        if entry.leaf and changed & PS and entry.level.name != "PTE":
            return "split"
        if not entry.leaf:
            return ""
        return {RW: "R/W cleared", A: "A cleared", D: "D cleared"}.get(
            changed, "another frame" if changed & -1 << 12 and not changed & XD else "")
    return ""


def stale(seen: AccessSeen, page: PageSeen) -> Hits:
    """Translations, and tables, that memory no longer has."""
    mode = seen.state.mode.value
    edit = _only(page, "#PF")
    if page.by in HITS and edit is not None and (name := _edit_of(page, edit)):
        yield mode, name, page.by
    if page.by == "walk" and page.ending == "done" and any(
            not value & P for value in page.bypassed):
        yield mode, "upper cleared", "tables"


def raised(seen: AccessSeen, page: PageSeen) -> Hits:
    """Retries of accesses that a stale hit has refused."""
    before = page.refused
    if before is None or before.ending != "rights" or before.by not in HITS \
            or page.ending != "done" or not page.begins or len(before.entries) != len(page.entries):
        return
    for right in RIGHTS:
        old = [right_bits(entry.value)[right] for entry in before.entries]
        new = [right_bits(entry.value)[right] for entry in page.entries]
        if any(old) and not any(new) and not (right == "XD" and seen.state.mode.value == "32-bit"):
            yield seen.state.mode.value, right, before.by


def _global(page: PageSeen) -> str:
    return "global" if page.cached is not None and page.cached.global_page else "not global"


def invlpg(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages that INVLPG has made the unit forget."""
    operation = _only(page)
    if operation is None or operation.name != "INVLPG" or not page.size \
            or page.ending != "done" or not _served(seen, page):
        return
    region = page.entries[-1].level.region
    if operation.linear & -region == page.linear & -region:
        where = "same" if operation.linear >> 12 == page.linear >> 12 else "other"
        # A hit is a bin that does not exist.
        yield (seen.state.mode.value, page.size, _global(page),
               f"{where} 4 KiB" if page.by == "walk" else "hit")


def idle_invlpg(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages that an INVLPG which is not canonical has left alone."""
    operation = _only(page)
    if operation is not None and operation.name == "INVLPG" and seen.state.long_mode \
            and not seen.state.canonical(operation.linear) and page.by in HITS \
            and (operation.linear ^ page.linear) & (1 << 40) - 4096 == 0:
        yield seen.state.mode.value, page.by


def flushes(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages after a flush."""
    if page.cached is None or seen.state.pcid_enable or page.ending != "done":
        return
    names = " ".join(happening.name for happening in page.since)
    name  = {"PG=0 PG=1": "PG=0", "PAE=1 PAE=0": "PAE toggled", "PAE=0 PAE=1": "PAE toggled"}.get(
        names, names)
    if name in FLUSHES or name == "PAE toggled":
        shared = _global(page)
        yield from _kept(page, (seen.state.mode.value, name, shared),
                         "hit" if (name, shared) == ("MOV CR3", "global") else "walk")


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
    shared  = _global(page)
    forgets = shared == "not global" and (flush or not same)
    yield from _kept(page, (seen.state.mode.value, "same PCID" if same else "other PCID",
                            "flush" if flush else "no flush", shared),
                     "walk" if forgets else "hit")


def _served(seen: AccessSeen, page: PageSeen) -> bool:
    """True if the translation that was cached would serve this access."""
    return page.cached is not None and (
        page.cached.global_page or page.cached.state.pcid == seen.state.pcid)


def _owner(page: PageSeen, pcid: int) -> str:
    """The owner of a cached translation, to an operation that names a PCID."""
    assert page.cached is not None, "nothing is cached"
    if page.cached.global_page:
        return "global"
    return "current" if page.cached.state.pcid == pcid else "other"


def invpcid(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages after INVPCID."""
    operation = _only(page, *_SWITCHES)
    if page.cached is None or operation is None or operation.name != "INVPCID" \
            or page.ending != "done" or not _served(seen, page):
        return
    region = page.entries[-1].level.region
    if operation.value or operation.linear & -region == page.linear & -region:
        yield (seen.state.mode.value, f"type {operation.value}", _owner(page, operation.pcid))


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
    operation = _only(page, *_SWITCHES)
    if page.cached is None or operation is None or operation.name not in ("INVLPG", "#PF") \
            or page.ending != "done" or not _served(seen, page) \
            or operation.linear >> 12 != page.linear >> 12:
        return
    if seen.state.pcid_enable:
        owner = _owner(page, operation.state.pcid)
        yield from _kept(page, (seen.state.mode.value, operation.name, owner),
                         "hit" if owner == "other" else "walk")


def writes(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages after a control write with PCIDs."""
    operation = _only(page, *_SWITCHES)
    if page.cached is None or operation is None or operation.name not in WRITES \
            or not operation.state.pcid_enable or page.ending != "done" \
            or not _served(seen, page):
        return
    owner = _owner(page, operation.state.pcid)
    yield from _kept(page, (operation.name, owner), _found(operation.name, owner))
