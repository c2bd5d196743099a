"""Renderer of outcomes as lines of JSON.

Ref: ``docs/access-vectors.md``, version 1.
"""

from json import dumps
from json.encoder import encode_basestring_ascii

from .vector import Ending, Vector, VectorOutcome


__all__ = ["render"]


def render(vector: Vector, outcome: VectorOutcome | str) -> str:
    """Return the line of a ``vector``'s outcome; a text is the reason why there is none."""
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
