"""A walk as text."""

from collections.abc import Iterator, Mapping

from sim.golden.state import PagingMode
from sim.output.text import table, wrap
from sim.record.history import Store
from sim.record.words import size_text

from .flags import cached_rights_text, flags, points_to, rights_text
from .walk import ATTEMPTS, PageWalk, Verdict

__all__ = ["as_text"]


_MODES = {PagingMode.OFF: "no paging", PagingMode.BITS_32: "32-bit paging",
          PagingMode.FOUR_LEVELS: "4-level paging"}


def as_text(found: PageWalk) -> str:
    """A walk in lines of 80 columns at most."""
    registers = " ".join(f"{name}={int(value)}" for name, value in found.registers.items())
    lines = [f"{found.linear:#x} in cycle {found.cycle}, processor {found.cpu}: "
             f"{_MODES[found.state.mode]}",
             *wrap(f"CR3={found.state.cr3:#x} {registers}", "  ")]
    if not found.canonical:
        return "\n".join([*lines, *wrap("The address is not canonical: any access ends in #GP "
                                        "(rule 8; SDM Vol. 1, 3.3.7.1).", "  ")]) + "\n"
    if not found.steps:
        return "\n".join([*lines, "  The linear address is the physical one."]) + "\n"
    return "\n".join([
        *lines, "", *_indented(_entries(found)), "", *_page(found), *_tlb(found), "",
        *_changes(found), "", *_indented(_verdicts(found.verdicts)), *_reasons(found),
    ]) + "\n"


def _entries(found: PageWalk) -> str:
    rows = [("entry", "at", "value", "refers to", "bits", "so far")]
    for step in found.steps:
        target = points_to(found.state, step.level, step.entry)
        rows.append((step.level.name, f"{step.address:#x}", f"{step.entry:#x}",
                     "-" if target is None else f"{target:#x}",
                     " ".join(flags(found.state, step.level, step.entry)) or "not present",
                     "-" if target is None else rights_text(step.rights)))
    return table(rows)


def _page(found: PageWalk) -> Iterator[str]:
    page = found.translation
    if page is None:
        yield "  page      none"
    else:
        yield (f"  page      {page.physical:#x}, {size_text(page.size)}, {rights_text(page.rights)}"
               f"; physical {page.translate(found.linear):#x}")


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


def _changes(found: PageWalk) -> Iterator[str]:
    """The last store to each entry."""
    for step in found.steps:
        yield from wrap("never written" if step.store is None else store_text(step.store),
                        f"  {step.level.name:<8}  ", " " * 12)


def _verdicts(verdicts: Mapping[str, Verdict]) -> str:
    rows: list[tuple[str, ...]] = [("", "read", "write", "fetch")]
    for who in ("user", "kernel"):
        rows.append((who, *(_ending(verdicts[f"{who} {what}"])
                            for what in ("read", "write", "fetch"))))
    return table(rows)


def _reasons(found: PageWalk) -> Iterator[str]:
    """Each reason that was given, once; and where the TLB decides otherwise."""
    for reason in dict.fromkeys(verdict.refusal for verdict in found.verdicts.values()):
        if reason is not None:
            who = [name for name in ATTEMPTS if found.verdicts[name].refusal is reason]
            yield from wrap(f"{'any access' if len(who) == len(ATTEMPTS) else ', '.join(who)}: "
                            f"{reason.text} (rule {reason.rule}; SDM Vol. 3A, {reason.section})",
                            "  ", "    ")
    others = [name for name, verdict in found.cached_verdicts.items()
              if verdict != found.verdicts[name]]
    if others:
        said = ", ".join(f"{name} {_ending(found.cached_verdicts[name])}" for name in others)
        yield from wrap(f"The TLB decides otherwise, and it is asked first: {said}.", "  ", "    ")


def store_text(store: Store) -> str:
    """A store: who, when, and in which function."""
    transfer = store.transfer
    who = (f"the walker of processor {store.cpu}" if transfer.walk else f"processor {store.cpu}")
    where = f", in {transfer.mark.stack[-1]}" if transfer.mark.stack else ""
    return f"written in cycle {transfer.accepted} by {who}{where}"


def _ending(verdict: Verdict) -> str:
    return "done" if verdict.refusal is None else f"#PF {verdict.error_code:#x}"


def _indented(text: str) -> Iterator[str]:
    return (f"  {line}" for line in text.splitlines())
