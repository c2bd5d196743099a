"""Coverpoints of rights, of all levels together and in every mode: rules 4, 19 and 20."""

from collections.abc import Callable, Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen
from sim.coverage.reachability import Reachability
from sim.golden.keys import key_rights
from sim.golden.permission import PROTECTION_KEY, Refusal
from sim.golden.reserved import RW, US, XD
from sim.golden.state import CR4_PKE, CR4_PKS

from .terms import (
    BY, PAGES, RIGHTS, attempt, bit, cross, decided, first_reason, level_of, no_hit, refusals_by,
    right_bits,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

#: The cause by which each right that is gone refuses an access, and each bit of a register.
CAUSES = {"R/W": {Refusal.READ_ONLY, Refusal.WRITE_PROTECT}, "U/S": {Refusal.SUPERVISOR_PAGE},
          "XD": {Refusal.EXECUTE_DISABLE}, "WP": {Refusal.WRITE_PROTECT},
          "SMEP": {Refusal.SMEP}, "SMAP": {Refusal.SMAP}}

#: Bits of registers that decide on an access of the supervisor, and what comes of it.
SWITCHES = tuple((f"{name}={value}", ("allowed", "refused")[value])
                 for name in ("WP", "SMEP", "SMAP") for value in (0, 1))


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 4, and of 19 and 20 as far as rights are concerned, for a unit."""
    reach = Reachability(config)
    yield Coverpoint("levels without a right", "The only level that lacks the right to an access, "
                     "and what has translated the page.",
                     tuple((mode, size, right, level, by) for mode, size in PAGES
                           for right in RIGHTS[:2 if mode == "32-bit" else 3]
                           for level in level_of(mode, size) for by in BY),
                     lambda mode, size, right, level, by: first_reason(
                         no_hit(config, mode, size, by),
                         reach.bit("XD=1") if right == "XD" else None),
                     4, ("mode", "size", "right", "level", "by"), levels_without, "refused")
    yield Coverpoint("supervisor pages", "U/S = 1 in the leaf, and 0 above it.",
                     cross(("user access", "SMEP", "SMAP", "PKRU", "PKRS"), BY),
                     lambda case, by: first_reason(
                         no_hit(config, "32-bit", "4K", by),
                         {"SMEP": reach.bit("SMEP=1"), "SMAP": reach.bit("SMAP=1"),
                          "PKRU": reach.bit("PKE=1"), "PKRS": reach.bit("PKS=1")}.get(case)),
                     4, ("case", "by"), supervisor_pages, "supervisor page")
    for rule, mode in ((19, "32-bit"), (20, "PAE")):
        yield Coverpoint(f"rights in {mode} paging", "Explicit accesses of the supervisor that one "
                         "bit of a register decides on.",
                         tuple((mode, *switch) for switch in SWITCHES)
                         + (("PAE", "XD=1", "refused"),) * (mode == "PAE"),
                         lambda mode, switch, verdict: first_reason(
                             reach.mode(mode), reach.bit(switch)),
                         rule, ("mode", "switch", "verdict"), _rights_in(mode), "right in mode")


def levels_without(seen: AccessSeen, page: PageSeen) -> Hits:
    """The one level that lacks the right which is refused."""
    if page.ending != "rights" or page.leaf is None:
        return
    causes = set(refusals_by(seen.state, page, attempt(seen), seen.key_of(page)))
    for right in RIGHTS:
        lacking = [entry for entry in page.entries if right_bits(entry.value)[right]]
        if len(lacking) == 1 and causes and causes <= CAUSES[right]:
            yield seen.state.mode.value, page.size, right, lacking[0].level.name, page.by


def supervisor_pages(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages that are the supervisor's though U/S is set in the leaf."""
    leaf = page.leaf
    if leaf is None or not leaf.value & US or page.all_set(US):
        return
    tried, state = attempt(seen), seen.state
    if tried.user:
        if page.ending == "rights" and decided(seen, page, Refusal.SUPERVISOR_PAGE):
            yield "user access", page.by
        return
    if tried.fetch:
        if state.smep and page.ending == "done":
            yield "SMEP", page.by
        return
    if state.smap and not state.ac and page.ending == "done":
        yield "SMAP", page.by
    key = seen.key_of(page)
    if key is not None and state.cr4 & CR4_PKE and page.ending == "done" \
            and key_rights(state, key, user_page=True).access_disable:
        yield "PKRU", page.by
    if key is not None and state.cr4 & CR4_PKS and page.error_code & PROTECTION_KEY \
            and key_rights(state, key, user_page=False).access_disable:
        yield "PKRS", page.by


def _rights_in(mode: str) -> Callable[[AccessSeen, PageSeen], Hits]:
    def rights_in_mode(seen: AccessSeen, page: PageSeen) -> Hits:
        """Accesses that one bit of a register decides on."""
        tried = attempt(seen)
        if seen.state.mode.value != mode or page.leaf is None or tried.user \
                or seen.access.implicit or seen.state.ac:
            return
        concerned = {
            "WP":   tried.write and not page.all_set(RW),
            "SMEP": tried.fetch and page.all_set(US),
            "SMAP": not tried.fetch and page.all_set(US),
            "XD":   tried.fetch and mode != "32-bit" and page.any_set(XD),
        }
        state  = seen.state
        values = {"WP": state.write_protect, "SMEP": state.smep, "SMAP": state.smap,
                  "XD": state.no_execute}
        for name, is_concerned in concerned.items():
            if is_concerned and decided(seen, page, *CAUSES[name]):
                yield (mode, bit(name, values[name]),
                       "refused" if page.ending == "rights" else "allowed")
    return rights_in_mode
