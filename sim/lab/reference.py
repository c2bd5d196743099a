"""Names that a visitor can write in each kind of text, and what they are for, out of the code.

The keys of access vectors are told here once more, in fewer words than in docs/access-vectors.md.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

import sim.scenario
from sim.scenario import Stage, User
from sim.script.calls import CALLS, Arg, Kind
from sim.script.script import STEPS


__all__ = ["reference"]


#: A name, with its parameters if it has any; and what it is for.
Row = tuple[str, str]

#: What a stage is for, in the order in which an author needs it.
STAGE = ("act", "user", "testing", "did", "claim", "walk", "address_map", "leave_out", "begin",
         "start", "finish")

#: Keys of a line, and of an access.
VECTORS: Sequence[Row] = (
    ("id", "any value; it comes back"),
    ("cr0, cr3, cr4, efer", "the whole registers, as \"0x...\""),
    ("ac, cpl", "RFLAGS.AC, 0 or 1; the privilege level, 0 or 3"),
    ("pkru, pkrs", "rights of protection keys; by default \"0x0\""),
    ("maxphyaddr", "bits of a physical address, 32 to 52; by default 52"),
    ("entries", "memory at first: a list of [\"address\", \"value\"]"),
    ("access", "what is tried: an object with the keys kind, linear, size, implicit"),
    ("before", "accesses that come first; each has a cpl and an ac of its own"),
    ("kind", "read, write or fetch, among others"),
    ("linear, size", "the linear address, as \"0x...\"; the number of bytes"),
    ("implicit", "1: the processor itself does it, as for a descriptor"),
)


#: Keys of every step of a script.
STEP: Sequence[Row] = (
    ("who, do", "of every step: which process, and what it does; [...] may be missing"),
    ("as", "a name for the result, for later steps"),
    ("expect", "what must come of it: ret, errno, value, signal, data, faults"),
    ("[[file]]", "a file that is there before: path, data"),
)


def reference() -> dict[str, list[Row]]:
    """Rows for each tab that has an editor, by its name."""
    return {"scenario": [*_scenario()], "vectors": [*VECTORS], "script": [*_script()]}


def _scenario() -> Iterator[Row]:
    for name in STAGE:
        yield _method("stage", Stage, name)
    for name, _ in inspect.getmembers(User, inspect.isfunction):
        if not name.startswith("_"):
            yield _method("user", User, name)
    for name in sorted(sim.scenario.__all__):
        value = getattr(sim.scenario, name)
        if inspect.isfunction(value):
            yield f"{name}({_parameters(value)})", _line(value)
        elif inspect.isclass(value):
            yield name, _line(value)
    yield "constants of Linux", ", ".join(name for name in sim.scenario.__all__
                                          if name.isupper() and "_" in name)


def _method(of: str, owner: type, name: str) -> Row:
    method = getattr(owner, name)
    before = ("async with " if inspect.isasyncgenfunction(inspect.unwrap(method)) else
              "await "      if inspect.iscoroutinefunction(method) else "")
    return f"{before}{of}.{name}({_parameters(method)})", _line(method)


def _parameters(function: Any) -> str:
    """Names of parameters; those with a default have an equals sign."""
    return ", ".join(
        "*" * (each.kind is each.VAR_POSITIONAL) + "**" * (each.kind is each.VAR_KEYWORD)
        + each.name + "=" * (each.default is not each.empty)
        for each in inspect.signature(function).parameters.values() if each.name != "self")


def _line(function: Any) -> str:
    """The first line of its docstring, as plain text."""
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    return re.sub(r":\w+:`[~.]*([^`]*)`", r"\1", first).replace("``", "")


def _script() -> Iterator[Row]:
    calls = {name: call.args for name, call in CALLS.items()}
    yield from STEP
    for name, args in sorted({**calls, **STEPS}.items()):
        yield f'do = "{name}"', "; ".join(_key(arg) for arg in args if arg.kind is not Kind.FIXED)


def _key(arg: Arg) -> str:
    """A key of a step, and what it may be; most are numbers, of which that is not said."""
    key  = arg.key if arg.default is ... else f"[{arg.key}]"
    kind = ", ".join(arg.words) or arg.kind.value
    return key if arg.kind is Kind.NUMBER else f"{key}: {kind}"
