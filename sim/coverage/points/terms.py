"""Words that bins are made of, and what several coverpoints need."""

import itertools
from collections.abc import Iterable

from hw.config import MmuConfig
from sim.coverage.observation import AccessSeen, PageSeen
from sim.coverage.reachability import Reachability
from sim.golden.permission import Attempt, Refusal, Rights, refusals
from sim.golden.reserved import RW, US, XD
from sim.golden.state import (
    CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_PKE, CR4_PKS, CR4_PSE, CR4_SMAP, CR4_SMEP, EFER_LMA,
    EFER_LME, EFER_NXE, EFER_SCE, ControlState, Features,
)
from sw.bus import Kind


__all__ = [
    "BY", "DATA", "HITS", "KEYS", "KINDS", "LEVELS", "MODES", "PAGES", "PRIVILEGES", "RIGHTS",
    "SIZES", "Bins", "attempt", "bit", "bits", "class_of", "cross", "decided", "first_reason",
    "known_bits", "level_of", "no_hit", "refusals_by", "refused_by", "right_bits", "shift_name",
]


Bins = tuple[tuple[str, ...], ...]

KINDS      = {kind: kind.value for kind in Kind}
PRIVILEGES = ("user", "supervisor", "implicit")

#: Kinds of access, as far as reserved bits and missing entries are concerned.
DATA = ("read", "write", "fetch")

#: Levels of the entries that a walk reads from memory, root first.
LEVELS = {"5-level": ("PML5E", "PML4E", "PDPTE", "PDE", "PTE"),
          "4-level": ("PML4E", "PDPTE", "PDE", "PTE"),
          "PAE":     ("PDE", "PTE"), "32-bit": ("PDE", "PTE")}
MODES  = tuple(LEVELS)

#: Sizes of pages, and all pairs of a mode and a size.
SIZES = {"5-level": ("4K", "2M", "1G"), "4-level": ("4K", "2M", "1G"),
         "PAE":     ("4K", "2M"),       "32-bit":  ("4K", "4M")}
PAGES = tuple((mode, size) for mode, sizes in SIZES.items() for size in sizes)

#: What translates a page.
HITS = ("first level", "second level")
BY   = ("walk", *HITS)

RIGHTS = ("R/W", "U/S", "XD")

#: Protection keys of pages: few, so that a key often has both kinds of page, with gaps.
KEYS = (0, 1, 2, 5, 10, 15)


def cross(*values: Iterable[str]) -> Bins:
    """Every combination of values."""
    return tuple(itertools.product(*values))


def bits(*names: str) -> list[str]:
    """Each bit, clear and set."""
    return [f"{name}={value}" for name in names for value in (0, 1)]


def bit(name: str, value: object) -> str:
    """A bit as a bin has it."""
    return f"{name}={int(bool(value))}"


def attempt(seen: AccessSeen) -> Attempt:
    """The attempt that an access makes."""
    return Attempt.of(seen.access)


def class_of(seen: AccessSeen) -> str:
    """The class of an access, as far as entries are concerned: one of :data:`DATA`."""
    tried = attempt(seen)
    return "fetch" if tried.fetch else "write" if tried.write else "read"


def level_of(mode: str, size: str) -> tuple[str, ...]:
    """Levels of the entries that map a page of some size, root first."""
    last = {"4K": "PTE", "2M": "PDE", "4M": "PDE", "1G": "PDPTE"}[size]
    levels = LEVELS[mode]
    return levels[:levels.index(last) + 1]


def right_bits(entry: int) -> dict[str, bool]:
    """The rights that an entry takes away."""
    return {"R/W": not entry & RW, "U/S": not entry & US, "XD": bool(entry & XD)}


def refusals_by(state: ControlState, page: PageSeen, tried: Attempt,
                key: int | None = None) -> list[Refusal]:
    """All reasons why the rights of a page refuse an attempt."""
    rights = Rights(page.all_set(RW), page.all_set(US), _no_execute(state, page), key)
    return list(refusals(state, rights, tried))


def refused_by(state: ControlState, page: PageSeen, tried: Attempt,
               key: int | None = None) -> Refusal | None:
    """The first reason why the rights of a page refuse an attempt."""
    return next(iter(refusals_by(state, page, tried, key)), None)


def decided(seen: AccessSeen, page: PageSeen, *causes: Refusal) -> bool:
    """True if nothing refuses an access to a page but what is named, which may refuse it or not.

    So that what a bin crosses is what decides. Of a predicted page that is not asked.
    """
    return not page.by or set(causes).issuperset(
        refusals_by(seen.state, page, attempt(seen), seen.key_of(page)))


def _no_execute(state: ControlState, page: PageSeen) -> bool:
    # Entries of 32-bit paging have no XD.
    return any(entry.level.entry_size == 8 and entry.value & XD for entry in page.entries)


def no_hit(config: MmuConfig, mode: str, size: str, by: str) -> str | None:
    """Reason why a page of this size is not translated so."""
    if by == "second level" and not config.second_entries:
        return "the TLB has one level"
    if by == "second level" and size in ("4M", "1G"):
        return "the second level of the TLB keeps pages of 4 KiB and of 2 MiB"
    return Reachability(config).size(mode, size)


def first_reason(*reasons: str | None) -> str | None:
    """The first reason there is."""
    return next(filter(None, reasons), None)


def shift_name(numbers: Iterable[int]) -> tuple[str, ...]:
    """Numbers of bits as bins have them."""
    return tuple(f"bit {number}" for number in numbers)


def known_bits(machine: Features, register: str) -> int:
    """Bits of a register that a machine has."""
    match register:
        case "CR0":
            return (1 << 32) - 1
        case "CR3":
            return (1 << machine.maxphyaddr) - 1
        case "EFER":
            return ((EFER_SCE | EFER_LME | EFER_LMA) * machine.long_mode
                    | EFER_NXE * machine.nx)
    return sum(bit for bit, there in (
        (CR4_PSE, machine.pse), (CR4_PAE, machine.long_mode or machine.pae),
        (CR4_PGE, machine.pge), (CR4_LA57, machine.la57), (CR4_PCIDE, machine.pcid),
        (CR4_SMEP, machine.smep), (CR4_SMAP, machine.smap), (CR4_PKE, machine.pku),
        (CR4_PKS, machine.pks)) if there)
