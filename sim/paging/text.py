"""Walks and maps as text."""

from collections.abc import Iterator, Mapping

from sim.golden.state import PagingMode
from sim.output.text import table, wrap
from sim.record.history import Store
from sim.record.words import size_text

from .flags import cached_rights_text, flags, points_to, region_flags, rights_text
from .kernel import Area, Frame
from .map import AddressMap
from .walk import PageWalk, Verdict


__all__ = ["as_text", "map_as_text"]


_MODES = {PagingMode.OFF: "no paging", PagingMode.BITS_32: "32-bit paging",
          PagingMode.PAE: "PAE paging", PagingMode.FOUR_LEVELS: "4-level paging",
          PagingMode.FIVE_LEVELS: "5-level paging"}


def as_text(found: PageWalk) -> str:
    """A walk in lines as wide as the terminal."""
    registers = " ".join(f"{name}={int(value)}" for name, value in found.registers.items())
    lines = [*wrap(f"{found.linear:#x} in cycle {found.cycle}, processor {found.cpu}: "
                   f"{_MODES[found.state.mode]}", "", "  "),
             *wrap(f"CR3={found.state.cr3:#x} {registers}", "  ")]
    if not found.canonical:
        return "\n".join([*lines, *wrap("The address is not canonical: any access ends in #GP "
                                        "(rule 8; SDM Vol. 1, 3.3.7.1).", "  ")]) + "\n"
    if not found.steps:
        return "\n".join([*lines, "  The linear address is the physical one.",
                          *_kernel(found)]) + "\n"
    return "\n".join([
        *lines, "", *_entries(found), "", *_page(found), *_tlb(found), *_kernel(found), "",
        *_changes(found), "", *_verdicts(found.verdicts), *_reasons(found),
    ]) + "\n"


def map_as_text(found: AddressMap) -> str:
    """A map in lines as wide as the terminal, with what the TLB holds otherwise."""
    pages = sum(region.count for region in found.regions)
    lines = wrap(f"cycle {found.cycle}, processor {found.cpu}: {_MODES[found.state.mode]}, "
                 f"CR3={found.state.cr3:#x}, {pages:,} pages", "", "  ")
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
                      f"{cached_rights_text(entry)}, filled in cycle {entry.filled}", "  ", "    ")
    return "\n".join(lines) + "\n"


def _range_text(addresses: range) -> str:
    """First and last address, as ``/proc/<pid>/maps`` and gef write them."""
    return f"{addresses.start:x}-{addresses.stop - 1:x}"


def _short(size: int) -> str:
    """Bytes of a page as ``4K``, ``2M``, ``4M``, ``1G``."""
    number, unit = size_text(size).split()
    return number + unit[0]


def _entries(found: PageWalk) -> list[str]:
    rows = [("entry", "at", "value", "refers to", "bits", "so far")]
    for step in found.steps:
        target = points_to(found.state, step.level, step.entry)
        rows.append((step.level.name, f"{step.address:#x}", f"{step.entry:#x}",
                     "-" if target is None else f"{target:#x}",
                     " ".join(flags(found.state, step.level, step.entry)) or "not present",
                     "-" if target is None else rights_text(step.rights)))
    return table(rows, indent="  ").splitlines()


def _page(found: PageWalk) -> Iterator[str]:
    page = found.translation
    if page is None:
        yield "  page      none"
    else:
        yield from wrap(f"{page.physical:#x}, {size_text(page.size)}, {rights_text(page.rights)}; "
                        f"physical {page.translate(found.linear):#x}",
                        "  page      ", " " * 12)


def _tlb(found: PageWalk) -> Iterator[str]:
    cached = found.cached
    if cached is None:
        yield f"  TLB       {'no translation of it' if found.tlb_reported else 'not reported'}"
        return
    marks = ["dirty"] * cached.dirty + ["global"] * cached.global_page
    held  = ", ".join([f"{cached.physical:#x}", size_text(cached.size),
                       cached_rights_text(cached), *marks, f"filled in cycle {cached.filled}"])
    yield from wrap(f"STALE: {held}" if found.stale else f"the same: {held}",
                    "  TLB       ", " " * 12)


def _kernel(found: PageWalk) -> Iterator[str]:
    """The kernel's records of the address."""
    if found.kernel is not None:
        area, frame = found.kernel.area, found.kernel.frame
        yield from wrap("none" if area is None else area_text(area), "  mapping   ", " " * 12)
        yield from wrap("none" if frame is None else frame_text(frame), "  frame     ", " " * 12)


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


def _changes(found: PageWalk) -> Iterator[str]:
    """The last store to each entry."""
    for step in found.steps:
        yield from wrap("never written" if step.store is None else store_text(step.store),
                        f"  {step.level.name:<8}  ", " " * 12)


def _verdicts(verdicts: Mapping[str, Verdict]) -> list[str]:
    """The ends of all attempts, a row for those who make them."""
    names = [name.split() for name in verdicts]
    whats = list(dict.fromkeys(what for _, what in names))
    rows  = [("", *whats)]
    for who in dict.fromkeys(who for who, _ in names):
        rows.append((who, *(_ending(verdicts[f"{who} {what}"]) if [who, what] in names else "-"
                            for what in whats)))
    return table(rows, indent="  ").splitlines()


def _reasons(found: PageWalk) -> Iterator[str]:
    """Each reason that was given, once; and where the TLB decides otherwise."""
    verdicts = found.verdicts
    for reason in dict.fromkeys(reason for each in verdicts.values() for reason in each.refusals):
        who = [name for name, verdict in verdicts.items() if reason in verdict.refusals]
        yield from wrap(f"{'any access' if len(who) == len(verdicts) > 1 else ', '.join(who)}: "
                        f"{reason.text} (rule {reason.rule}; SDM Vol. 3A, {reason.section})",
                        "  ", "    ")
    others = [name for name, verdict in found.cached_verdicts.items()
              if _ending(verdict) != _ending(verdicts[name])]
    if others:
        said = ", ".join(f"{name} {_ending(found.cached_verdicts[name])}" for name in others)
        yield from wrap(f"The TLB decides otherwise, and it is asked first: {said}.", "  ", "    ")


def store_text(store: Store) -> str:
    """A store: who, when, and in which function."""
    transfer = store.transfer
    who = (f"the walker of processor {store.cpu}" if transfer.walk else f"processor {store.cpu}")
    where = transfer.mark.stack[-1] if transfer.mark.stack else "user code"
    return f"written in cycle {transfer.accepted} by {who}, in {where}"


def _ending(verdict: Verdict) -> str:
    return f"#PF {verdict.error_code:#x}" if verdict.refusals else "done"
