"""Between lines of JSON and vectors: parse and render, a few microseconds each.

Ref: ``docs/access-vectors.md``, version 1.
"""

import re
from json import dumps
from json.encoder import encode_basestring_ascii
from typing import Any

from .parser import ACCESS_KEYS, LINE_KEYS, STEP_KEYS, MalformedLine, checked, scan
from .vector import KINDS, Ending, Vector, VectorOutcome, VectorStep, entry_size


__all__ = ["MalformedLine", "parse", "render"]


#: Numbers in hex with commas between them. One match of all is faster than one of each.
_NUMBERS = re.compile("0x[0-9a-fA-F]+(?:,0x[0-9a-fA-F]+)*").fullmatch

_FLAGS, _RINGS, _SIZES = (0, 1), (0, 3), (1, 2, 4, 8)


class _Doubtful(Exception):
    """The quick reading is not enough."""


def parse(number: int, text: str) -> Vector:
    """The vector on line ``number``. Raises :class:`MalformedLine`.

    A line that the quick reading takes, :func:`sim.vectors.parser.checked` takes too, with the
    same result.
    """
    try:
        return _quick(text)
    except (_Doubtful, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return checked(number, text)


def render(vector: Vector, outcome: VectorOutcome | str) -> str:
    """The line that answers ``vector``; a text says why it cannot be done."""
    name = vector.id
    id_text = encode_basestring_ascii(name) if type(name) is str else \
        str(name) if type(name) is int else dumps(name)
    if isinstance(outcome, str):
        return f'{{"id": {id_text}, "error": {encode_basestring_ascii(outcome)}}}\n'

    entries = ", ".join([
        f'["{address:#x}", "{value:#x}"]'
        for (address, _), value in zip(vector.entries, outcome.entries, strict=True)])
    before = ""
    if vector.before is not None:
        endings = ", ".join([f"{{{_ending(ending)}}}" for ending in outcome.before])
        before  = f', "before": [{endings}]'
    cycles = "" if outcome.cycles is None else f', "cycles": {outcome.cycles}'
    ending = _ending(outcome.ending)
    return f'{{"id": {id_text}, {ending}, "entries": [{entries}]{before}{cycles}}}\n'


def _ending(ending: Ending) -> str:
    fault, error_code, cr2, physical = ending
    if fault is None:
        return f'"fault": null, "physical": "{physical:#x}"'
    if fault == "#PF":
        return f'"fault": "#PF", "error_code": "{error_code:#x}", "cr2": "{cr2:#x}"'
    return f'"fault": "{fault}"'


def _quick(text: str) -> Vector:
    """The vector in ``text``; raises whatever comes up if anything is unusual."""
    found, end = scan(text)
    access, pairs = found["access"], found["entries"]
    maxphyaddr = found.get("maxphyaddr", 52)
    before     = found.get("before")
    if (end != len(text) or not found.keys() <= LINE_KEYS or not access.keys() <= ACCESS_KEYS
            or found.get("pkru", "0x0") != "0x0" or found.get("pkrs", "0x0") != "0x0"
            or type(found["id"]) in (list, dict) or type(pairs) is not list
            or type(maxphyaddr) is not int or not 32 <= maxphyaddr <= 52 or not text.isascii()):
        raise _Doubtful
    numbers = [found["cr0"], found["cr3"], found["cr4"], found["efer"], access["linear"]]
    for pair in pairs:
        if type(pair) is not list or len(pair) != 2:
            raise _Doubtful
        numbers += pair
    if not _NUMBERS(",".join(numbers)):
        raise _Doubtful
    cr0, cr3, cr4, efer, linear, *chain = [int(number, 16) for number in numbers]

    entries = list(zip(chain[::2], chain[1::2], strict=True))
    size    = entry_size(cr0, cr4, efer)
    union   = 0
    for address in chain[::2]:
        union |= address
    if (union >> maxphyaddr or union & size - 1 or len(dict(entries)) != len(entries)
            or entries and max(chain[1::2]) >> 8 * size or max(cr0, cr3, cr4, efer) >> 64):
        raise _Doubtful
    return Vector(
        found["id"], cr0, cr3, cr4, efer, 0, 0, maxphyaddr,
        _step(access, linear, found["cpl"], found["ac"]), entries,
        _steps(before) if "before" in found else None,
    )


def _step(found: dict[str, Any], linear: int, cpl: int, ac: int) -> VectorStep:
    kind, size, implicit = found["kind"], found.get("size", 1), found.get("implicit", 0)
    # A comparison alone would take true and 1.0 for 1.
    if not (type(cpl) is type(ac) is type(size) is type(implicit) is int
            and cpl in _RINGS and ac in _FLAGS and size in _SIZES and implicit in _FLAGS
            and kind in KINDS and not linear >> 64):
        raise _Doubtful
    return VectorStep(kind, linear, size, implicit, cpl, ac)


def _steps(found: list[dict[str, Any]]) -> list[VectorStep]:
    if type(found) is not list:
        raise _Doubtful
    steps = []
    for step in found:
        if not step.keys() <= STEP_KEYS or not _NUMBERS(step["linear"]):
            raise _Doubtful
        steps.append(_step(step, int(step["linear"], 16), step["cpl"], step["ac"]))
    return steps
