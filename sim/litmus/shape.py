"""Litmus tests without names, and the tests that they are.

Addresses and pages are numbers, in the order in which they come up.
"""

from typing import NamedTuple

from .test import ABSENT, Entry, Instruction, Kind, LitmusTest, Location, Op, Value


__all__ = ["ACCESSES", "NOWHERE", "Do", "Shape", "count_pages", "named"]


#: A page that no entry maps at first, or no page at all.
NOWHERE = -1

#: Letters of the operations that access a page: load, store, exchange.
ACCESSES = "RWX"


class Do(NamedTuple):
    """An operation: its letter, the number of its address, and the page that an entry gets.

    Besides those of :data:`ACCESSES` there are P: an entry is stored, I: INVLPG, M: a remap, and
    H: what another processor does for one.
    """

    letter:  str
    address: int
    page:    int = NOWHERE


class Shape(NamedTuple):
    """A test without names.

    ``pages`` has for each address the number of its page at first, ``clean`` whether its D is
    clear.
    """

    threads: tuple[tuple[Do, ...], ...]
    pages:   tuple[int, ...]
    clean:   tuple[bool, ...]


def count_pages(shape: Shape) -> int:
    """Count the pages that have a name so far."""
    stored = [step.page for thread in shape.threads for step in thread]
    return 1 + max((*shape.pages, *stored), default=NOWHERE)


def named(shape: Shape) -> LitmusTest:
    """The test of a shape."""
    letters, frames = "xyzuvw", "abcdefgh"
    initial: dict[Location, Value] = {
        Location(Kind.PHYSICAL, frames[page]): page + 1 for page in range(count_pages(shape))}
    first = len(initial) + 1
    for address, (page, clean) in enumerate(zip(shape.pages, shape.clean, strict=True)):
        initial[Location(Kind.TABLE, letters[address])] = (
            ABSENT if page == NOWHERE else Entry(frames[page], dirty=not clean))
    threads: list[list[Instruction]] = []
    stored = 0
    for number, thread in enumerate(shape.threads):
        program: list[Instruction] = []
        for step in thread:
            virtual = Location(Kind.VIRTUAL, letters[step.address])
            if step.letter in "WX":
                stored += 1
            program += _instructions(
                step, virtual, f"R{len(program)}", first + stored - 1, 1 - number,
                ABSENT if step.page == NOWHERE else Entry(frames[step.page]),
                alone=len(shape.threads) == 1)
        threads.append(program)
    return LitmusTest(_title(shape), threads, initial)


def _instructions(step: Do, virtual: Location, register: str, value: int, other: int,
                  entry: Entry, *, alone: bool) -> list[Instruction]:
    """Instructions of an operation."""
    invlpg = Instruction(Op.INVLPG, virtual)
    store  = Instruction(Op.STORE, Location(Kind.TABLE, virtual.name), value=entry)
    match step.letter:
        case "R": return [Instruction(Op.LOAD, virtual, register)]
        case "W": return [Instruction(Op.STORE, virtual, value=value)]
        case "X": return [Instruction(Op.EXCHANGE, virtual, register, value)]
        case "P": return [store]
        case "H": return [Instruction(Op.WAIT), invlpg]
        case "M": return [store, invlpg, *([] if alone else [
            Instruction(Op.INTERRUPT, target=other)])]
    return [invlpg]


def _title(shape: Shape) -> str:
    """A name made of the addresses with their pages at first, and the operations.

    A page is 0 if there is none; - behind it means that D is clear.
    """
    letters, frames = "xyzuvw", "abcdefgh"

    def page(number: int) -> str:
        return "0" if number == NOWHERE else frames[number]

    starts = [f"{letters[address]}{page(number)}{'-' * clean}" for address, (number, clean)
              in enumerate(zip(shape.pages, shape.clean, strict=True))]
    threads = [[f"{step.letter}{letters[step.address]}"
                + (page(step.page) if step.letter in "PM" else "") for step in thread]
               for thread in shape.threads]
    return "+".join(map(".".join, (starts, *threads)))
