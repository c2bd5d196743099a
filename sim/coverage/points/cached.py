"""Coverpoints of cached translations: rules 22 to 27."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, Happening, PageSeen
from sim.coverage.reachability import Reachability
from sim.golden.permission import Attempt
from sim.golden.reserved import A, D, P, PS, RW, XD

from .history import NO_FLUSHES, global_or_not, kept, served, the_one
from .terms import (
    HITS, LEVELS, MODES, PAGES, RIGHTS, attempt, cross, first_reason, no_hit, refused_by,
    right_bits,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

LONG = ("5-level", "4-level")

#: What an entry that is cached can lose, in memory.
EDITS = ("P cleared", "R/W cleared", "another frame", "A cleared", "D cleared", "upper cleared",
         "split")

#: Changes of control state, with none of which a translation is forgotten.
CHANGES = (*NO_FLUSHES, "CPL=0", "CPL=3")

#: What flushes many translations, without PCIDs.
FLUSHES = ("MOV CR3", "PGE=0", "PGE=1", "PG=0", "SMEP=1")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 22 to 27 for a unit."""
    yield from _stale(config)
    yield from _forgotten(config)


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


# Samplers

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
    edit = the_one(page, "#PF")
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


def invlpg(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages that INVLPG has made the unit forget."""
    operation = the_one(page)
    if operation is None or operation.name != "INVLPG" or not page.size \
            or page.ending != "done" or not served(seen, page):
        return
    region = page.entries[-1].level.region
    if operation.linear & -region == page.linear & -region:
        where = "same" if operation.linear >> 12 == page.linear >> 12 else "other"
        # A hit is a bin that does not exist.
        yield (seen.state.mode.value, page.size, global_or_not(page),
               f"{where} 4 KiB" if page.by == "walk" else "hit")


def idle_invlpg(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages that an INVLPG which is not canonical has left alone."""
    operation = the_one(page)
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
        shared = global_or_not(page)
        yield from kept(page, (seen.state.mode.value, name, shared),
                        "hit" if (name, shared) == ("MOV CR3", "global") else "walk")
