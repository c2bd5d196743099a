"""Renderer of outcomes as lines of JSON.

Ref: ``docs/access-vectors.md``.
"""

from json import dumps
from json.encoder import encode_basestring_ascii
from typing import Any

from .sequence import AccessOutcome, SequenceOutcome, SequenceVector, StepOutcome
from .vector import Ending, Vector, VectorOutcome


__all__ = ["render"]


def render(vector: Vector | SequenceVector,
           outcome: VectorOutcome | SequenceOutcome | str) -> str:
    """Return the line of a ``vector``'s outcome; a text is the reason why there is none."""
    if isinstance(outcome, str):
        return f'{{"id": {_id(vector.id)}, "error": {encode_basestring_ascii(outcome)}}}\n'
    if isinstance(vector, SequenceVector):
        assert isinstance(outcome, SequenceOutcome)
        return _sequence(vector, outcome)
    assert isinstance(outcome, VectorOutcome)

    entries = ", ".join([
        f'["{address:#x}", "{value:#x}"]'
        for (address, _), value in zip(vector.entries, outcome.entries, strict=True)])
    before = ""
    if vector.before is not None:
        endings = ", ".join([f"{{{_ending(ending)}}}" for ending in outcome.before])
        before  = f', "before": [{endings}]'
    cycles = "" if outcome.cycles is None else f', "cycles": {outcome.cycles}'
    ending = _ending(outcome.ending)
    return f'{{"id": {_id(vector.id)}, {ending}, "entries": [{entries}]{before}{cycles}}}\n'


def _id(name: Any) -> str:
    return encode_basestring_ascii(name) if type(name) is str else \
        str(name) if type(name) is int else dumps(name)


def _ending(ending: Ending) -> str:
    fault, error_code, cr2, physical = ending
    if fault is None:
        return f'"fault": null, "physical": "{physical:#x}"'
    if fault == "#PF":
        return f'"fault": "#PF", "error_code": "{error_code:#x}", "cr2": "{cr2:#x}"'
    return f'"fault": "{fault}"'


def _sequence(vector: SequenceVector, outcome: SequenceOutcome) -> str:
    steps   = ", ".join(map(_step, outcome.steps))
    entries = ", ".join([f'["{address:#x}", "{value:#x}"]' for address, value
                         in zip(vector.places, outcome.values, strict=True)])
    return f'{{"id": {_id(vector.id)}, "steps": [{steps}], "entries": [{entries}]}}\n'


def _step(outcome: StepOutcome) -> str:
    if outcome is None:
        return "null"
    if not isinstance(outcome, AccessOutcome):
        return '{"fault": "#GP"}' if outcome else '{"fault": null}'
    cycles  = "" if outcome.cycles is None else f', "cycles": {outcome.cycles}'
    allowed = ""
    if outcome.allowed is not None:
        listed  = ", ".join(f"{{{_end(ending, data)}}}" for ending, data in outcome.allowed)
        allowed = f', "allowed": [{listed}]'
    return f"{{{_end(outcome.ending, outcome.data)}{cycles}{allowed}}}"


def _end(ending: Ending, data: int | None) -> str:
    return _ending(ending) + ("" if data is None else f', "data": "{data:#x}"')
