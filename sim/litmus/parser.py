"""Reader of litmus tests."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .test import (
    DIRECTORY, TABLE, Atom, Condition, Entry, Instruction, Kind, LitmusTest, Location, Op,
    Quantifier, Value,
)


__all__ = ["MOST_EVENTS", "MalformedTest", "parse"]


#: Most processors, addresses, pages and instructions of a test: what takes seconds to think out.
MOST_THREADS = 4
MOST_NAMES   = 6
MOST_EVENTS  = 16
MOST_IPIS    = 8

_PLACE    = r"(?:PTE\(([a-z])\)|PA\(([a-z])\)|(PDE)|([a-z]))"
_REGISTER = r"([A-Z][A-Z0-9]{1,3})"
_ENTRY    = r"\((?:[A-Za-z:()0-9, ]*)\)"
_VALUE    = rf"(\$?\d{{1,9}}|{_ENTRY})"

_LOAD     = re.compile(rf"MOV {_REGISTER},\[{_PLACE}\]")
_STORE    = re.compile(rf"MOV \[{_PLACE}\],(?:{_VALUE}|{_REGISTER})")
_EXCHANGE = re.compile(rf"XCHG \[{_PLACE}\],{_REGISTER}|XCHG {_REGISTER},\[{_PLACE}\]")
_INVLPG   = re.compile(r"INVLPG \[([a-z])\]")
_SEND     = re.compile(r"IPI P(\d)")
_START    = re.compile(rf"(?:(\d):{_REGISTER}|{_PLACE})=({_ENTRY}|\d{{1,9}})")
_ATOM     = re.compile(rf"(~?)(?:(\d:[A-Z][A-Z0-9]{{1,3}}|\[{_PLACE}\])=({_ENTRY}|\d{{1,9}})"
                       r"|fault\((\d),([a-z])\))")
_END      = re.compile(r"(exists|allowed|forbidden|~exists)\s*(.*)", re.DOTALL)

_FLAGS = {"P": "present", "RW": "writable", "US": "user", "A": "accessed", "D": "dirty"}


class MalformedTest(ValueError):
    """A text is no litmus test: the number of a line, and what is wrong with it."""

    def __init__(self, line: int, complaint: str):
        super().__init__(f"line {line}: {complaint}")


@dataclass
class _Draft:
    """A test that is being read."""

    name:      str
    about:     str = ""
    initial:   dict[Location, Value] = field(default_factory=dict)
    registers: dict[tuple[int, str], Value] = field(default_factory=dict)
    threads:   list[list[Instruction]] = field(default_factory=list)
    condition: Condition | None = None


def parse(text: str) -> LitmusTest:
    """Read a test. Raises :class:`MalformedTest`."""
    lines = _without_comments(text).splitlines()
    numbered = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise MalformedTest(1, "a litmus test begins with X86 and its name")
    first, head = numbered.pop(0)
    found = re.fullmatch(r"X86\s+([\w.+-]{1,60})", head)
    if found is None:
        raise MalformedTest(first, "a litmus test begins with X86 and its name")
    draft = _Draft(found[1])
    if numbered and re.fullmatch('".*"', numbered[0][1]):
        draft.about = numbered.pop(0)[1][1:-1]
    rest = _read_start(draft, numbered)
    ends = next((index for index, (_, line) in enumerate(rest) if _END.match(line)), len(rest))
    _read_threads(draft, rest[:ends])
    if ends < len(rest):
        draft.condition = _condition(rest[ends][0], " ".join(line for _, line in rest[ends:]))
    return _checked(draft, first)


def _without_comments(text: str) -> str:
    """The text with blanks in place of comments, and as many lines."""
    return re.sub(r"\(\*.*?\*\)", lambda found: "\n" * found[0].count("\n"), text,
                  flags=re.DOTALL)


def _read_start(draft: _Draft, lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Read what is in memory and registers at first; return the lines behind it."""
    if not lines or not lines[0][1].startswith("{"):
        raise MalformedTest(lines[0][0] if lines else 1,
                            "{ and } enclose what is in memory at first")
    for index, (number, line) in enumerate(lines):
        inside = line.removeprefix("{") if not index else line
        inside, closed, behind = inside.partition("}")
        for assignment in filter(None, map(str.strip, inside.split(";"))):
            _assign(draft, number, assignment)
        if closed:
            if behind.strip():
                raise MalformedTest(number, "nothing follows } in its line")
            return list(lines[index + 1:])
    raise MalformedTest(lines[0][0], "there is no } behind {")


def _assign(draft: _Draft, number: int, text: str) -> None:
    found = _START.fullmatch(text.replace(" ", ""))
    if found is None:
        raise MalformedTest(number, f'"{text[:40]}" is no value at first: write PA(a)=1, '
                                    "PTE(x)=(oa:PA(a)), PDE=(oa:PT) or 0:EAX=1")
    value = _value(number, found[7])
    if found[1] is not None:
        draft.registers[int(found[1]), found[2]] = value
        return
    place = _place(found.groups()[2:6])
    if place.kind is Kind.VIRTUAL:
        raise MalformedTest(number, f"{place.name} is an address: say what PTE({place.name}) is, "
                                    "and what is in its page, such as PA(a)=1")
    if isinstance(value, int) is not (place.kind is Kind.PHYSICAL):
        raise MalformedTest(number, f"{place} cannot be {found[7]}")
    if place in draft.initial:
        raise MalformedTest(number, f"{place} has a value already")
    draft.initial[place] = value


def _place(letters: Sequence[str | None]) -> Location:
    table, physical, directory, virtual = letters
    if table is not None:
        return Location(Kind.TABLE, table)
    if physical is not None:
        return Location(Kind.PHYSICAL, physical)
    return DIRECTORY if directory is not None else Location(Kind.VIRTUAL, virtual or "")


def _value(number: int, text: str) -> Value:
    """A number, or an entry."""
    if not text.startswith("("):
        return int(text.removeprefix("$"))
    words = text[1:-1].replace(" ", "").split(",")
    if words == ["P:0"]:
        return Entry("", False, False, False, False, False)
    frame, flags = "", {}
    for word in words:
        name, _, what = word.partition(":")
        if name == "oa" and (page := re.fullmatch(r"PA\(([a-z])\)|(PT)", what)):
            frame = page[1] or TABLE
        elif name in _FLAGS and what in ("0", "1"):
            flags[_FLAGS[name]] = what == "1"
        else:
            raise MalformedTest(number, f'"{word[:40]}" is no part of an entry: write oa:PA(a), '
                                        "and P:0, RW:0, US:0, A:0 or D:0")
    return Entry(frame, **flags)


def _read_threads(draft: _Draft, lines: Sequence[tuple[int, str]]) -> None:
    """Read the programs, one a column."""
    if not lines:
        raise MalformedTest(1, "there are no programs: columns with the heads P0, P1, ...")
    for index, (number, line) in enumerate(lines):
        if not line.endswith(";"):
            raise MalformedTest(number, "a line of programs ends in ;")
        cells = [cell.strip() for cell in line[:-1].split("|")]
        if not index:
            if cells != [f"P{thread}" for thread in range(len(cells))]:
                raise MalformedTest(number, "columns have the heads P0, P1, ...")
            draft.threads = [[] for _ in cells]
            continue
        if len(cells) != len(draft.threads):
            raise MalformedTest(number, f"there are {len(draft.threads)} columns, not {len(cells)}")
        for thread, cell in enumerate(cells):
            if cell:
                draft.threads[thread].append(_instruction(draft, number, thread, cell))


def _instruction(draft: _Draft, number: int, thread: int, text: str) -> Instruction:
    text = re.sub(r"\s*([,\[\]()])\s*", r"\1", " ".join(text.split()))
    text = re.sub(r"^([A-Z]+)(?=\[)", r"\1 ", text)

    def register(name: str) -> Value:
        if (thread, name) not in draft.registers:
            raise MalformedTest(number, f"{name} has no value at first: write {thread}:{name}=1")
        return draft.registers[thread, name]

    if text in ("MFENCE", "HLT"):
        return Instruction(Op.FENCE if text == "MFENCE" else Op.WAIT)
    if found := _LOAD.fullmatch(text):
        return Instruction(Op.LOAD, _place(found.groups()[1:]), found[1])
    if found := _STORE.fullmatch(text):
        value = register(found[6]) if found[6] else _value(number, found[5])
        return Instruction(Op.STORE, _place(found.groups()[:4]), value=value)
    if found := _EXCHANGE.fullmatch(text):
        name   = found[5] or found[6]
        letters = found.groups()[:4] if found[5] else found.groups()[6:]
        return Instruction(Op.EXCHANGE, _place(letters), name, register(name))
    if found := _INVLPG.fullmatch(text):
        return Instruction(Op.INVLPG, Location(Kind.VIRTUAL, found[1]))
    if found := _SEND.fullmatch(text):
        return Instruction(Op.INTERRUPT, target=int(found[1]))
    raise MalformedTest(number, f'"{text[:40]}" is no instruction: write MOV EAX,[x], MOV [x],$1, '
                                "MOV [PTE(x)],(oa:PA(b)), XCHG [x],EAX, INVLPG [x], MFENCE, "
                                "IPI P1 or HLT")


def _condition(number: int, text: str) -> Condition:
    found = _END.fullmatch(text)
    assert found is not None, "it begins with such a word"
    word  = "forbidden" if found[1] == "~exists" else found[1]
    inner = found[2].strip()
    if not (inner.startswith("(") and inner.endswith(")")):
        raise MalformedTest(number, f"{found[1]} is followed by a condition in ( and )")
    return Condition(Quantifier(word), tuple(
        tuple(_atom(number, atom.strip()) for atom in clause.split("/\\"))
        for clause in inner[1:-1].split("\\/")))


def _atom(number: int, text: str) -> Atom:
    found = _ATOM.fullmatch(text.replace(" ", ""))
    if found is None:
        raise MalformedTest(number, f'"{text[:40]}" is no condition: write 0:EAX=1, [PA(a)]=1, '
                                    "[PTE(x)]=(oa:PA(a)) or fault(0,x), with ~ for not")
    if found[8] is not None:
        return Atom(f"fault({found[8]},{found[9]})", 1, bool(found[1]))
    return Atom(found[2], _value(number, found[7]), bool(found[1]))


def _checked(draft: _Draft, line: int) -> LitmusTest:
    """The test, if it is one that can be played."""
    if not 1 <= len(draft.threads) <= MOST_THREADS:
        raise MalformedTest(line, f"a test has 1 to {MOST_THREADS} processors")
    if sum(map(len, draft.threads)) > MOST_EVENTS or len(draft.initial) > 2 * MOST_NAMES:
        raise MalformedTest(line, f"a test has at most {MOST_EVENTS} instructions, and "
                                  f"{2 * MOST_NAMES} pages and entries")
    test   = LitmusTest(draft.name, draft.threads, draft.initial, draft.about, draft.condition)
    frames = {"", TABLE, *test.frames}
    for step in (step for thread in draft.threads for step in thread):
        _check_step(draft, step, line)
    for value in [*draft.initial.values(), *(step.value for thread in draft.threads
                                             for step in thread)]:
        if isinstance(value, Entry) and value.frame not in frames:
            raise MalformedTest(line, f"nobody says what is in PA({value.frame}) at first")
    _check_condition(test, line)
    if sum(step.op is Op.INTERRUPT for thread in draft.threads for step in thread) > MOST_IPIS:
        raise MalformedTest(line, f"a test has at most {MOST_IPIS} interrupts")
    if (number := _waits_for_ever(test)) is not None:
        raise MalformedTest(line, f"P{number} waits for an interrupt that nobody sends")
    return test


def _waits_for_ever(test: LitmusTest) -> int | None:
    """A processor whose HLT has no end, as no interrupt is sent before."""
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
    stuck = [number for number, place in enumerate(places) if place < len(test.threads[number])]
    return stuck[0] if stuck else None


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


def _check_step(draft: _Draft, step: Instruction, line: int) -> None:
    place = step.location
    if step.op is Op.INTERRUPT and step.target >= len(draft.threads):
        raise MalformedTest(line, f"there is no P{step.target} to interrupt")
    if place is None:
        return
    if place.kind is Kind.PHYSICAL:
        raise MalformedTest(line, f"{place} is no address: programs reach it through one, such as "
                                  "[x]")
    needed = Location(Kind.TABLE, place.name) if place.kind is Kind.VIRTUAL else place
    if needed not in draft.initial:
        raise MalformedTest(line, f"nobody says what {needed} is at first")
    if step.op in (Op.STORE, Op.EXCHANGE) and (
            isinstance(step.value, int) is not (place.kind is Kind.VIRTUAL)):
        raise MalformedTest(line, f"{place} cannot be {step.value}")
