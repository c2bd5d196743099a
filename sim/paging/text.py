"""Walks and maps as text."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from sim.golden.state import PagingMode
from sim.output.text import table, wrap
from sim.record.history import Store
from sim.record.tlb import TlbEntry
from sim.record.words import size_text

from .flags import (
    cached_rights_text, flags, key_text, points_to, region_flags, rights_text,
)
from .kernel import Area, Frame
from .map import AddressMap
from .walk import PageWalk, Verdict


__all__ = ["as_text", "map_as_text"]


_MODES = {PagingMode.OFF: "no paging", PagingMode.BITS_32: "32-bit paging",
          PagingMode.PAE: "PAE paging", PagingMode.FOUR_LEVELS: "4-level paging",
          PagingMode.FIVE_LEVELS: "5-level paging"}


def as_text(found: PageWalk, indent: str = "") -> str:
    """A walk in lines as wide as the terminal, with ``indent`` before each."""
    inner = f"{indent}  "
    registers = " ".join([
        *(f"{name}={int(value)}" for name, value in found.registers.items()),
        *(f"{name}={value:#x}" for name, value in found.key_registers.items())])
    lines = [*wrap(f"{found.linear:#x} in cycle {found.cycle}, processor {found.cpu}: "
                   f"{_MODES[found.state.mode]}", indent, inner),
             *wrap(f"{_root(found)} {registers}", inner)]
    if found.pdpte is not None:
        lines += wrap(f"PDPTE{found.linear >> 30}={found.pdpte:#x}", inner)
    if not found.canonical:
        return "\n".join([*lines, *wrap("The address is not canonical: any access ends in #GP "
                                        "(rule 8; SDM Vol. 1, 3.3.7.1).", inner)]) + "\n"
    if found.state.mode is PagingMode.OFF:
        return "\n".join([*lines, f"{inner}The linear address is the physical one.",
                          *_listed(_kernel(found), inner)]) + "\n"
    return "\n".join([
        *lines, "", *_entries(found, inner), "",
        *_listed(chain(_page(found), _tlb(found), _kernel(found)), inner), "",
        *_listed(_changes(found), inner), "",
        *_verdicts(found.verdicts, inner), *_reasons(found, inner),
    ]) + "\n"


def _root(found: PageWalk | AddressMap) -> str:
    return f"CR3={found.state.cr3:#x}{'' if found.loaded else ' (not loaded)'}"


def _listed(said: Iterable[tuple[str, str]], indent: str) -> Iterator[str]:
    """Lines of what has names, which stand in a column of their own."""
    for name, text in said:
        yield from wrap(text, f"{indent}{name:<10}", indent + " " * 10)


def map_as_text(found: AddressMap) -> str:
    """A map in lines as wide as the terminal, with what the TLB holds otherwise."""
    pages = sum(region.count for region in found.regions)
    lines = wrap(f"cycle {found.cycle}, processor {found.cpu}: {_MODES[found.state.mode]}, "
                 f"{_root(found)}, {pages:,} pages", "", "  ")
    rows = [("linear", "physical", "pages", "flags", "TLB")]
    for region in found.regions:
        held = f"{region.held}" if region.held else "-"
        rows.append((
            _range_text(region.span),
            "-" if region.physical is None else _range_text(region.frames),
            f"{region.count} x {_short(region.size)}",
            " ".join([rights_text(region.rights), *region_flags(region)]),
            f"{held}, {region.stale} STALE" if region.stale else held))
    if len(rows) > 1:
        lines += ["", *table(rows, indent="  ").splitlines()]
    if found.stale:
        lines += ["", *wrap("The TLB holds otherwise than memory:", "  ")]
    for entry in found.stale:
        lines += wrap(f"{entry.linear:#x}: STALE: {entry.physical:#x}, {size_text(entry.size)}, "
                      f"{cached_rights_text(entry)}, {filled_text(entry)}", "  ", "    ")
    return "\n".join(lines) + "\n"


def _range_text(addresses: range) -> str:
    """First and last address, as ``/proc/<pid>/maps`` and gef write them."""
    return f"{addresses.start:x}-{addresses.stop - 1:x}"


def _short(size: int) -> str:
    """Bytes of a page as ``4K``, ``2M``, ``4M``, ``1G``."""
    number, unit = size_text(size).split()
    return number + unit[0]


def _entries(found: PageWalk, indent: str) -> list[str]:
    rows = [("entry", "at", "value", "refers to", "bits", "so far")]
    for step in found.steps:
        target = points_to(found.state, step.level, step.entry)
        rows.append((step.level.name, f"{step.address:#x}", f"{step.entry:#x}",
                     "-" if target is None else f"{target:#x}",
                     " ".join(flags(found.state, step.level, step.entry)) or "not present",
                     "-" if target is None else rights_text(step.rights)))
    return table(rows, indent=indent).splitlines()


def _page(found: PageWalk) -> Iterator[tuple[str, str]]:
    page = found.translation
    if page is None:
        yield "page", "none"
        return
    parts = [f"{page.physical:#x}", size_text(page.size), rights_text(page.rights),
             *key_text(page.rights.key)]
    yield "page", f"{', '.join(parts)}; physical {page.translate(found.linear):#x}"


def _tlb(found: PageWalk) -> Iterator[tuple[str, str]]:
    cached = found.cached
    if cached is None:
        yield "TLB", "no translation of it" if found.tlb_reported else "not reported"
        return
    marks = [*key_text(cached.key), *["dirty"] * cached.dirty, *["global"] * cached.global_page]
    held  = ", ".join([f"{cached.physical:#x}", size_text(cached.size),
                       cached_rights_text(cached), *marks, filled_text(cached)])
    yield "TLB", f"STALE: {held}" if found.stale else f"the same: {held}"


def filled_text(entry: TlbEntry) -> str:
    """The cycle in which a translation came, and its level if that is the second."""
    return f"filled in cycle {entry.filled}" + ", second level" * (entry.level == 2)


def _kernel(found: PageWalk) -> Iterator[tuple[str, str]]:
    """The kernel's records of the address."""
    if found.kernel is not None:
        area, frame = found.kernel.area, found.kernel.frame
        yield "mapping", "none" if area is None else area_text(area)
        yield "frame", "none" if frame is None else frame_text(frame)


def area_text(area: Area) -> str:
    """A mapping of a process, or an area of the kernel."""
    said = [f"{area.start:#x}-{area.end:#x}", area.access, area.name]
    if area.offset is not None:
        said.append(f"from byte {area.offset:#x}")
    return " ".join(filter(None, said)) + (f", of {area.owner}" if area.owner else "")


def frame_text(frame: Frame) -> str:
    """The record of a frame."""
    shared = {None: [], True: ["exclusive"], False: ["not exclusive"]}[frame.exclusive]
    return ", ".join([f"{frame.physical:#x}: {frame.use}", *shared, f"refcount {frame.refcount}",
                      f"mapcount {frame.mapcount}"])


def _changes(found: PageWalk) -> Iterator[tuple[str, str]]:
    """The last store to each entry."""
    for step in found.steps:
        yield step.level.name, "never written" if step.store is None else store_text(step.store)


def _verdicts(verdicts: Mapping[str, Verdict], indent: str) -> list[str]:
    """The ends of all attempts, a row for those who make them."""
    names = [name.split() for name in verdicts]
    whats = list(dict.fromkeys(what for _, what in names))
    rows  = [("", *whats)]
    for who in dict.fromkeys(who for who, _ in names):
        rows.append((who, *(_ending(verdicts[f"{who} {what}"]) if [who, what] in names else "-"
                            for what in whats)))
    return table(rows, indent=indent).splitlines()


def _reasons(found: PageWalk, indent: str) -> Iterator[str]:
    """Each reason that was given, once; and where the TLB decides otherwise."""
    verdicts = found.verdicts
    for reason in dict.fromkeys(reason for each in verdicts.values() for reason in each.refusals):
        who = [name for name, verdict in verdicts.items() if reason in verdict.refusals]
        yield from wrap(f"{'any access' if len(who) == len(verdicts) > 1 else ', '.join(who)}: "
                        f"{reason.text} (rule {reason.rule}; SDM Vol. 3A, {reason.section})",
                        indent, f"{indent}  ")
    others = [name for name, verdict in found.cached_verdicts.items()
              if _ending(verdict) != _ending(verdicts[name])]
    if others:
        said = ", ".join(f"{name} {_ending(found.cached_verdicts[name])}" for name in others)
        yield from wrap(f"The TLB decides otherwise, and it is asked first: {said}.", indent,
                        f"{indent}  ")


def store_text(store: Store) -> str:
    """A store: who, when, and in which function."""
    transfer = store.transfer
    who = (f"the walker of processor {store.cpu}" if transfer.walk else f"processor {store.cpu}")
    where = transfer.mark.stack[-1] if transfer.mark.stack else "user code"
    return f"written in cycle {transfer.accepted} by {who}, in {where}"


def _ending(verdict: Verdict) -> str:
    return f"#PF {verdict.error_code:#x}" if verdict.refusals else "done"
