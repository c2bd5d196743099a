"""Litmus tests that can be played: what is refused of others.

All that a test says must be something that candidate executions, golden processors and units do
alike: an entry that walks of one of them would take for another, for example, is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .test import (
    ABSENT, DIRECTORY, TABLE, Entry, Instruction, Kind, LitmusTest, Location, Op, Value,
)


__all__ = ["Lines", "MalformedTest", "check_playable"]


#: Most processors, pages and entries, instructions, stores, and interrupts of a test. The orders of
#: stores are all thought out, and those of the D flags that they set.
MOST_THREADS      = 4
MOST_PLACES       = 12
MOST_INSTRUCTIONS = 16
MOST_STORES       = 6
MOST_IPIS         = 8


class MalformedTest(ValueError):
    """A text is no litmus test: the number of a line, and what is wrong with it."""

    def __init__(self, line: int, complaint: str):
        super().__init__(f"line {line}: {complaint}")


@dataclass
class Lines:
    """Numbers of the lines in which things of a test are.

    Attributes
    ----------
    head : :class:`int`
        The line with its name.
    places : mapping of :class:`.test.Location` to :class:`int`
        What is in memory at first.
    steps : mapping of pairs of :class:`int` to :class:`int`
        Instructions, by processor and number.
    condition : :class:`int`
        The first line of the condition.
    """

    head:      int
    places:    dict[Location, int] = field(default_factory=dict)
    steps:     dict[tuple[int, int], int] = field(default_factory=dict)
    condition: int = 0


def check_playable(test: LitmusTest, lines: Lines) -> None:
    """Raise :class:`MalformedTest` for a test that cannot be played."""
    line = lines.head
    if not 1 <= len(test.threads) <= MOST_THREADS:
        raise MalformedTest(line, f"a test has 1 to {MOST_THREADS} processors")
    steps = [step for thread in test.threads for step in thread]
    if len(steps) > MOST_INSTRUCTIONS or len(test.initial) > MOST_PLACES:
        raise MalformedTest(line, f"a test has at most {MOST_INSTRUCTIONS} instructions, and "
                                  f"{MOST_PLACES} pages and entries")
    if sum(step.op in (Op.STORE, Op.EXCHANGE) for step in steps) > MOST_STORES:
        raise MalformedTest(line, f"a test has at most {MOST_STORES} stores")
    if sum(step.op is Op.INTERRUPT for step in steps) > MOST_IPIS:
        raise MalformedTest(line, f"a test has at most {MOST_IPIS} interrupts")
    for number, thread in enumerate(test.threads):
        for index, step in enumerate(thread):
            _check_step(test, step, lines.steps[number, index])
    for place, value, where in _stored(test, lines):
        if isinstance(value, Entry):
            _check_entry(test, place, value, where)
    _check_condition(test, lines.condition)
    if (stuck := _waits_for_ever(test)) is not None:
        raise MalformedTest(lines.steps[stuck],
                            f"P{stuck[0]} waits for an interrupt that nobody sends")


def _stored(test: LitmusTest, lines: Lines) -> Iterator[tuple[Location, Value, int]]:
    """Yield what is in memory at first, and what is stored, with the line that says so."""
    for place, value in test.initial.items():
        yield place, value, lines.places[place]
    for number, thread in enumerate(test.threads):
        for index, step in enumerate(thread):
            if step.location is not None and step.op in (Op.STORE, Op.EXCHANGE):
                yield step.location, step.value, lines.steps[number, index]


def _check_entry(test: LitmusTest, place: Location, entry: Entry, line: int) -> None:
    """Refuse an entry that a walk would use otherwise than candidate executions have it."""
    if place == DIRECTORY:
        if entry not in (ABSENT, Entry(TABLE)):
            raise MalformedTest(line, f"PDE is (oa:PT) or (P:0), not {entry}")
    elif entry.present and entry.frame in ("", TABLE):
        raise MalformedTest(line, f"{place} maps no page: write oa:PA(a), or (P:0)")
    elif entry.frame and entry.frame not in test.frames:
        raise MalformedTest(line, f"nobody says what is in PA({entry.frame}) at first")


def _waits_for_ever(test: LitmusTest) -> tuple[int, int] | None:
    """A HLT that has no end, as no interrupt is sent before: its processor, and its number."""
    places  = [0] * len(test.threads)
    pending = [0] * len(test.threads)
    moved   = True
    while moved:
        moved = False
        for number, thread in enumerate(test.threads):
            for step in thread[places[number]:]:
                if step.op is Op.WAIT and not pending[number]:
                    break
                pending[number] -= step.op is Op.WAIT
                if step.op is Op.INTERRUPT:
                    pending[step.target] += 1
                places[number] += 1
                moved = True
    return next(((number, place) for number, place in enumerate(places)
                 if place < len(test.threads[number])), None)


def _check_condition(test: LitmusTest, line: int) -> None:
    """Refuse a condition of what nobody knows at the end."""
    known = {f"[{place}]" for place in test.initial}
    for number, thread in enumerate(test.threads):
        known |= {f"{number}:{step.register}" for step in thread if step.register}
        known |= {f"fault({number},{step.location.name})" for step in thread
                  if step.location is not None and step.location.kind is Kind.VIRTUAL}
    for clause in test.condition.clauses if test.condition is not None else ():
        for atom in clause:
            if atom.name not in known:
                raise MalformedTest(line, f"nothing is known of {atom.name} at the end")


def _check_step(test: LitmusTest, step: Instruction, line: int) -> None:
    """Refuse an instruction with an operand that there is not."""
    place = step.location
    if step.op is Op.INTERRUPT and step.target >= len(test.threads):
        raise MalformedTest(line, f"there is no P{step.target} to interrupt")
    if place is None:
        return
    if place.kind is Kind.PHYSICAL:
        raise MalformedTest(line, f"{place} is no address: programs reach it through one, such as "
                                  "[x]")
    needed = Location(Kind.TABLE, place.name) if place.kind is Kind.VIRTUAL else place
    if needed not in test.initial:
        raise MalformedTest(line, f"nobody says what {needed} is at first")
    if step.op in (Op.STORE, Op.EXCHANGE) and (
            isinstance(step.value, int) is not (place.kind is Kind.VIRTUAL)):
        raise MalformedTest(line, f"{place} cannot be {step.value}")
