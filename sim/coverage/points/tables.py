"""Coverpoints of tables that a unit knows from walks: rules 25 to 27, 32, 33 and 35."""

from collections.abc import Callable, Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen
from sim.coverage.reachability import Reachability

from .history import NO_FLUSHES
from .terms import HITS, LEVELS, MODES, RIGHTS, cross, first_reason, no_hit, right_bits


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

LONG = ("5-level", "4-level")

#: What is forgotten of one address concerns all pages of the table that translates it.
WHICH = ("the page", "another page")

FLUSHES = ("MOV CR3", "PGE=0", "PGE=1", "PG=0", "SMEP=1")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of tables for a unit."""
    reach = Reachability(config)
    axes  = ("mode", "forgets", "which", "begins")

    def sampled(*names: str) -> Callable[[AccessSeen, PageSeen], Hits]:
        def of_rule(seen: AccessSeen, page: PageSeen) -> Hits:
            for found in after(seen, page):
                if found[1] in names:
                    yield found
        return of_rule

    yield Coverpoint("tables after #PF", "A walk after a page fault of the page, or of another one "
                     "in the same table: it begins at the root.",
                     cross(MODES, ("#PF",), WHICH, ("root",)),
                     lambda mode, *rest: reach.mode(mode), 25, axes, sampled("#PF"), "tables")
    yield Coverpoint("rights raised above", "The right that was raised in an entry above the leaf, "
                     "and what has refused the access once more: the retry is done.",
                     tuple((mode, right, by) for mode in MODES
                           for right in RIGHTS[:2 if mode == "32-bit" else 3]
                           for by in (*HITS, "tables")),
                     lambda mode, right, by: first_reason(
                         no_hit(config, mode, "4K", "second level" if by == "tables" else by),
                         reach.bit("XD=1") if right == "XD" else None),
                     25, ("mode", "right", "by"), raised_above, "raised above")
    yield Coverpoint("tables after INVLPG", "A walk after INVLPG of the page, or of another one: "
                     "it begins at the root, but after one whose address is not canonical.",
                     (*cross(MODES, ("INVLPG",), WHICH, ("root",)),
                      *cross(LONG, ("idle INVLPG",), ("any",), ("table",))),
                     lambda mode, name, *rest: first_reason(
                         reach.mode(mode), _no_tables(config, name == "idle INVLPG")),
                     26, axes, sampled("INVLPG", "idle INVLPG"), "tables")
    yield Coverpoint("tables after flushes", "A walk after what flushes: it begins at the root.",
                     (*cross(MODES, FLUSHES, ("any",), ("root",)),
                      *cross(("32-bit", "PAE"), ("PAE toggled",), ("any",), ("root",))),
                     lambda mode, flush, *rest: first_reason(
                         reach.mode(mode), reach.mode("PAE") if flush == "PAE toggled" else None,
                         reach.bit("PGE=1") if "PGE" in flush else None,
                         reach.bit("SMEP=1") if "SMEP" in flush else None),
                     27, axes, sampled(*FLUSHES, "PAE toggled"), "tables")
    yield Coverpoint("tables by PCID", "A walk after a MOV to CR3 of the same PCID: it begins at "
                     "the root if that flushes.",
                     cross(LONG, ("CR3 with PCID",), ("any",), ("root",)),
                     lambda mode, *rest: first_reason(reach.mode(mode), reach.bit("PCIDE=1")),
                     32, axes, sampled("CR3 with PCID"), "tables")
    yield Coverpoint("tables after INVPCID", "A walk after INVPCID of its PCID: it begins at the "
                     "root, also in another page of the table that type 0 is about.",
                     (*cross(LONG, ("INVPCID 0",), WHICH, ("root",)),
                      *cross(LONG, ("INVPCID 1", "INVPCID 2", "INVPCID 3"), ("any",), ("root",))),
                     lambda mode, *rest: first_reason(
                         reach.mode(mode), reach.no_operation("INVPCID", "type 0")),
                     33, axes, sampled(*(f"INVPCID {number}" for number in range(4))), "tables")
    yield Coverpoint("tables after other writes", "A walk after a write that flushes nothing: it "
                     "begins at a table that the unit knows.",
                     cross(MODES, NO_FLUSHES, ("any",), ("table",)),
                     lambda mode, write, *rest: first_reason(
                         reach.mode(mode), _no_tables(config, kept=True),
                         reach.bit(write.replace("=0", "=1")),
                         {"PKRU": reach.bit("PKE=1"), "PKRS": reach.bit("PKS=1")}.get(write)),
                     35, axes, sampled(*NO_FLUSHES), "tables")


def _no_tables(config: MmuConfig, kept: bool) -> str | None:
    """Reason why no walk begins below the root."""
    return no_hit(config, "32-bit", "4K", "second level") if kept else None


def after(seen: AccessSeen, page: PageSeen) -> Hits:
    """Walks through a table that was known, after one thing that may make the unit forget it."""
    if not page.tables or page.by != "walk" or page.ending != "done":
        return
    mode   = seen.state.mode.value
    begins = "root" if page.begins == LEVELS[mode][0] else "table"
    first  = page.tables[0]
    names  = " ".join(happening.name for happening in page.tables)
    same   = "the page" if (first.linear ^ page.linear) >> 12 == 0 else "another page"
    near   = (first.linear ^ page.linear) & -page.entries[-2].level.region == 0
    which, expected = "any", "root"
    match names:
        case "INVLPG" if seen.state.long_mode and not first.state.canonical(first.linear):
            names, expected = "idle INVLPG", "table"
        case "INVLPG":
            which = same
        case "#PF" if near:
            which = same
        case "INVPCID" if first.pcid == seen.state.pcid and (first.value or near):
            names = f"INVPCID {first.value}"
            which = "any" if first.value else same
        case "PG=0 PG=1":
            names = "PG=0"
        case "PAE=1 PAE=0" | "PAE=0 PAE=1":
            names = "PAE toggled"
        case "MOV CR3" if seen.state.pcid_enable:
            names = "CR3 with PCID"
        case _ if names in NO_FLUSHES:
            expected = "table"
        case _ if names not in FLUSHES:
            return
    # To forget is permitted at any time. A table that is not forgotten is a bin that must not be.
    if (begins, expected) != ("root", "table"):
        yield mode, names, which, begins


def raised_above(seen: AccessSeen, page: PageSeen) -> Hits:
    """Retries of accesses that a right has refused which was gone from an entry above the leaf."""
    before = page.refused
    if before is None or before.ending != "rights" or page.ending != "done" or not page.read \
            or len(before.entries) != len(page.entries):
        return
    mode = seen.state.mode.value
    by   = before.by if before.by in HITS else "tables"
    if by == "tables" and before.begins == LEVELS[mode][0]:
        return
    for right in RIGHTS[:2 if mode == "32-bit" else 3]:
        old, new = ([right_bits(entry.value)[right] for entry in each.entries]
                    for each in (before, page))
        if any(old[:-1]) and not old[-1] and not any(new):
            yield mode, right, by
