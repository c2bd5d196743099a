"""Coverpoints of the regression: those of rules that random rounds reach, and of the ports' timing.

The former are of the one model, that of :mod:`sim.coverage`. Bins that a configuration cannot reach
are excluded: see :mod:`sim.coverage.reachability`.
"""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.points import rule_points
from sim.coverage.points.terms import KINDS, PRIVILEGES, bits, cross
from sim.coverage.reachability import Reachability, no_alignment
from sw.bus import Register

from .payloads import EVENTS


__all__ = ["ENDINGS", "OF_RULES", "STRUCTURES", "coverpoints"]


#: Coverpoints of rules that random rounds close. Most others depend on what translates a page,
#: which the ports do not tell of accesses that follow each other back to back.
OF_RULES = frozenset((
    "entry bits", "defects", "pages", "NX", "error codes", "CR0.WP", "SMEP", "SMAP", "leaf flags",
    "upper flags", "crossings", "modes", "PDPTEs", "PCIDs", "key rights", "keys", "fetches by key",
))

FAULTS     = ("missing", "reserved", "rights")
ENDINGS    = ("done", *FAULTS, "#GP", "skipped")
STRUCTURES = ("PT", "PD", "PDPT", "PML4", "PML5")
ALIGNMENTS = ("aligned", "in a word", "in two words", "in two pages")
DURATIONS  = ("0", "1", "2-3", "4+")


def coverpoints(config: MmuConfig) -> list[Coverpoint]:
    """Coverpoints of a unit."""
    of_rules = [coverpoint for coverpoint in rule_points(config) if coverpoint.name in OF_RULES]
    return [*of_rules, *_of_accesses(config), *_of_time(config)]


def _of_accesses(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("control bits", "Control bits that an access depends on, each alone.",
                     (*cross(("5-level", "4-level"),
                              bits("WP", "SMEP", "SMAP", "AC", "PGE", "NXE", "PCIDE", "PKE",
                                    "PKS")),
                      *cross(("PAE",), bits("WP", "SMEP", "SMAP", "AC", "PGE", "NXE")),
                      *cross(("32-bit",), bits("WP", "SMEP", "SMAP", "AC", "PGE", "PSE"))),
                     lambda mode, bit: reach.mode(mode) or reach.bit(bit))
    yield Coverpoint("accesses", "Kind, privilege, and outcome.",
                     cross(KINDS.values(), PRIVILEGES, ENDINGS), reach.ending)
    yield Coverpoint("alignment", "Kind, bytes, and alignment.",
                     cross(KINDS.values(), "1248", ALIGNMENTS), no_alignment)
    yield Coverpoint("neighbours", "Sizes of the two pages of an access that is done.",
                     (*((mode, *pair) for mode in ("5-level", "4-level") for pair in (
                         ("4K", "4K"), ("4K", "2M"), ("2M", "2M"), ("2M", "4K"), ("4K", "1G"),
                         ("1G", "1G"), ("1G", "2M"))),
                      *(("PAE", *pair) for pair in (
                          ("4K", "4K"), ("4K", "2M"), ("2M", "2M"), ("2M", "4K"))),
                      *(("32-bit", *pair) for pair in (
                          ("4K", "4K"), ("4K", "4M"), ("4M", "4M"), ("4M", "4K")))),
                     lambda mode, *pair: next(
                         filter(None, (reach.size(mode, size) for size in pair)), None))
    yield Coverpoint("strings", "An access after another: outcome, chained or not, outcome.",
                     (("done", "chained", "done"), ("done", "chained", "fault"),
                      ("fault", "chained", "skipped"), ("skipped", "chained", "skipped"),
                      *cross(("done", "fault", "skipped"), ("plain",), ("done", "fault"))))
    yield Coverpoint("locked", "Locked accesses: comparison, and alignment.",
                     cross(("exchange", "compare: equal", "compare: other"), ALIGNMENTS))
    yield Coverpoint("operations", "Control operations, and their outcomes.",
                     (*cross((register.name for register in Register),
                              ("read", "written", "refused")),
                      ("INVLPG", "canonical"), ("INVLPG", "not canonical"),
                      *cross(("INVPCID",), (*(f"type {kind}" for kind in range(4)), "refused"))),
                     reach.no_operation)


def _of_time(config: MmuConfig) -> Iterator[Coverpoint]:
    reach  = Reachability(config)
    events = [name for name in EVENTS if name != "accessed"]
    yield Coverpoint("lookups", "One access at a time, in one page: hit or miss, kind, outcome.",
                     cross(("hit", "miss"), KINDS.values(), ("done", "rights")))
    yield Coverpoint("stale", "An edit without a flush: the translation in use, and the outcome.",
                     cross(("memory", "TLB"), ("done", "fault")))
    yield Coverpoint("edits in a walk",
                     "An entry is edited as it is read: the order that explains the outcome.",
                     (("before the access",), ("after the access",), ("either",)))
    yield Coverpoint("events", "Strobes of the unit.",
                     tuple((name,) for name in (
                         *events, *(f"accessed {level}" for level in STRUCTURES))),
                     reach.no_event)
    yield Coverpoint("handshakes", "Cycles for which a payload is offered in vain.",
                     cross(("access request", "access response", "control request",
                             "control response"), DURATIONS))
    yield Coverpoint("stalls", "Cycles for which memory stalls a transfer.",
                     cross(("read", "write", "locked read", "locked write"), DURATIONS))
    yield Coverpoint("latency", "Cycles from a transfer to its acknowledgement.",
                     cross(("read", "write", "locked read", "locked write"), DURATIONS[1:]))
    yield Coverpoint("in flight", "Outstanding transfers.",
                     tuple((str(number + 1),) for number in range(config.outstanding)))
