"""Reader of litmus tests."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .playable import Lines, MalformedTest, check_playable
from .test import (
    ABSENT, DIRECTORY, TABLE, Atom, Condition, Entry, Instruction, Kind, LitmusTest, Location, Op,
    Quantifier, Value,
)


__all__ = ["parse"]


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


@dataclass
class _Draft:
    """A test that is being read."""

    name:      str
    lines:     Lines
    about:     str = ""
    initial:   dict[Location, Value] = field(default_factory=dict)
    registers: dict[tuple[int, str], Value] = field(default_factory=dict)
    unused:    dict[tuple[int, str], int] = field(default_factory=dict)  # registers, by line
    threads:   list[list[Instruction]] = field(default_factory=list)
    condition: Condition | None = None


def parse(text: str) -> LitmusTest:
    """Read a test. Raises :class:`.playable.MalformedTest`."""
    lines = _without_comments(text).splitlines()
    numbered = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise MalformedTest(1, "a litmus test begins with X86 and its name")
    first, head = numbered.pop(0)
    found = re.fullmatch(r"X86\s+([\w.+-]{1,60})", head)
    if found is None:
        raise MalformedTest(first, "a litmus test begins with X86 and its name")
    draft = _Draft(found[1], Lines(first))
    if numbered and re.fullmatch('".*"', numbered[0][1]):
        draft.about = numbered.pop(0)[1][1:-1]
    rest = _read_start(draft, numbered)
    ends = next((index for index, (_, line) in enumerate(rest) if _END.match(line)), len(rest))
    _read_threads(draft, rest[:ends], numbered[-1][0] if numbered else first)
    for (thread, name), number in draft.unused.items():
        raise MalformedTest(number, f"{thread}:{name} has a value for nothing: P{thread} has no "
                                    f"store and no XCHG of {name}")
    if ends < len(rest):
        draft.lines.condition = rest[ends][0]
        draft.condition = _condition(rest[ends][0], " ".join(line for _, line in rest[ends:]))
    test = LitmusTest(draft.name, draft.threads, draft.initial, draft.about, draft.condition)
    check_playable(test, draft.lines)
    return test


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
        register = int(found[1]), found[2]
        if register in draft.registers:
            raise MalformedTest(number, f"{found[1]}:{found[2]} has a value already")
        draft.registers[register], draft.unused[register] = value, number
        return
    place = _place(found.groups()[2:6])
    if place.kind is Kind.VIRTUAL:
        raise MalformedTest(number, f"{place.name} is an address: say what PTE({place.name}) is, "
                                    "and what is in its page, such as PA(a)=1")
    if isinstance(value, int) is not (place.kind is Kind.PHYSICAL):
        raise MalformedTest(number, f"{place} cannot be {found[7]}")
    if place in draft.initial:
        raise MalformedTest(number, f"{place} has a value already")
    draft.initial[place], draft.lines.places[place] = value, number


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
        return ABSENT
    frame, flags = "", {}
    names = [word.partition(":")[0] for word in words]
    for word in words:
        name, _, what = word.partition(":")
        if names.count(name) > 1:
            raise MalformedTest(number, f"an entry has {name[:40]} once")
        if name == "oa" and (page := re.fullmatch(r"PA\(([a-z])\)|(PT)", what)):
            frame = page[1] or TABLE
        elif name in _FLAGS and what in ("0", "1"):
            flags[_FLAGS[name]] = what == "1"
        else:
            raise MalformedTest(number, f'"{word[:40]}" is no part of an entry: write oa:PA(a), '
                                        "and P:0, RW:0, US:0, A:0 or D:0")
    return Entry(frame, **flags)


def _read_threads(draft: _Draft, lines: Sequence[tuple[int, str]], last: int) -> None:
    """Read the programs, one a column; ``last`` is the last line of all."""
    if not lines:
        raise MalformedTest(last, "there are no programs: columns with the heads P0, P1, ...")
    for index, (number, line) in enumerate(lines):
        if not line.endswith(";"):
            raise MalformedTest(number, "a line of programs ends in ;, and a condition begins with "
                                        "exists, allowed, forbidden or ~exists")
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
                draft.lines.steps[thread, len(draft.threads[thread])] = number
                draft.threads[thread].append(_instruction(draft, number, thread, cell))


def _instruction(draft: _Draft, number: int, thread: int, text: str) -> Instruction:
    text = re.sub(r"\s*([,\[\]()])\s*", r"\1", " ".join(text.split()))
    text = re.sub(r"^([A-Z]+)(?=\[)", r"\1 ", text)

    def unloaded(name: str) -> str:
        if any(step.register == name for step in draft.threads[thread]):
            raise MalformedTest(number, f"{name} is loaded before: take another register; what a "
                                        "program stores is known at first")
        return name

    def register(name: str) -> Value:
        if (thread, unloaded(name)) not in draft.registers:
            raise MalformedTest(number, f"{name} has no value at first: write {thread}:{name}=1")
        draft.unused.pop((thread, name), None)
        return draft.registers[thread, name]

    if text in ("MFENCE", "HLT"):
        return Instruction(Op.FENCE if text == "MFENCE" else Op.WAIT)
    if found := _LOAD.fullmatch(text):
        return Instruction(Op.LOAD, _place(found.groups()[1:]), unloaded(found[1]))
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
