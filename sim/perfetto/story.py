"""Rows of the scenario: its acts, its claims where they are shown, and what is being tested."""

from collections.abc import Iterator, Sequence

from sim.record.records import Mark
from sim.scenario.run import Run
from sim.scenario.acts import Claim, Step

from .lanes import lanes
from .slices import Column, Row, Slice


__all__ = ["story"]


def story(run: Run, marks: Sequence[Mark]) -> list[Row]:
    """Rows of a run; ``marks`` are those of any processor, for all have the same claim."""
    return [
        Row("acts", [Column("left out")], [[*_acts(run)]]),
        Row("claims", [Column("claim"), Column("evidence"), Column("expected")],
            lanes(sorted(_claims(run), key=lambda claim: claim.since))),
        Row("under test", [], [[*_tested(marks, run.cycles)]]),
    ]


def _acts(run: Run) -> Iterator[Slice]:
    """Boot, the acts, and within them as instants what was done."""
    begun = run.acts[0].since if run.acts else run.cycles
    yield Slice(0, begun, "boot")
    for number, act in enumerate(run.acts, 1):
        if act.left_out:
            yield Slice(act.since, act.since, f"{number}. {act.title}", (act.left_out,))
            continue
        yield Slice(act.since, act.end(run.cycles), f"{number}. {act.title}")
        for entry in act.entries:
            if isinstance(entry, Step):
                yield Slice(entry.cycle, entry.cycle, entry.text)


def _claims(run: Run) -> Iterator[Slice]:
    """Claims, a cycle wide, each at its place."""
    for number, act in enumerate(run.acts, 1):
        for place, claim in enumerate(act.claims, 1):
            cycle = act.place(claim)
            yield Slice(cycle, cycle + 1, f"{_verdict(claim)} {number}.{place} {claim.text}",
                        (claim.text, claim.detail, claim.expected or None))


def _verdict(claim: Claim) -> str:
    return "ok" if claim.holds else "FAILED"


def _tested(marks: Sequence[Mark], cycles: int) -> Iterator[Slice]:
    """Intervals in which a claim, or an act between two, is on the mark signal."""
    shown, since = "", 0
    for mark in (*marks, Mark(cycles, (), "")):
        if mark.claim != shown:
            if shown:
                yield Slice(since, mark.cycle, shown)
            shown, since = mark.claim, mark.cycle
