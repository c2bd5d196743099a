"""Properties and outcomes of their proofs, as text and as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim.output.text import table, wrap

from .property import Method, Outcome, Property, Verdict


__all__ = ["as_json", "as_list", "as_text", "depth_of", "verdict_of"]


#: Version of the JSON.
SCHEMA = 1

_WORST_LAST = list(Verdict)


def depth_of(one: Property, depth: int) -> str:
    """A depth as it is told; of a proof that has none, a stroke."""
    return "-" if one.method is Method.ALL_CASES else str(depth)


def verdict_of(outcomes: Iterable[Outcome]) -> Verdict:
    """The worst that came of some proofs."""
    return max((outcome.verdict for outcome in outcomes), key=_WORST_LAST.index)


def as_list(chosen: Sequence[Property]) -> str:
    """Texts of the properties, in paragraphs."""
    lines = []
    for one in chosen:
        method = one.method.value
        if one.method is not Method.ALL_CASES:
            method += f", depth {one.depth}"
        lines += [*wrap(f"{one.name}  ({one.block}; {one.source}; {method})", "", "    "),
                  *wrap(f"{one.says}. Of: {'; '.join(one.units)}.", "    ")]
    return "".join(f"{line}\n" for line in lines)


def as_text(outcomes: Sequence[Outcome], properties: Mapping[str, Property]) -> str:
    """A line for each of some ``properties``, by name, and then the counterexamples."""
    rows = [("property", "method", "depth", "seconds", "outcome")]
    for name, some in _by_property(outcomes):
        one = properties[name]
        rows.append((name, one.method.value, depth_of(one, some[0].depth),
                     f"{sum(outcome.seconds for outcome in some):.1f}", verdict_of(some).value))
    text = table(rows)
    for outcome in outcomes:
        if outcome.text:
            text += f"\n{outcome.name}, {outcome.unit}: {outcome.verdict.value}\n{outcome.text}\n"
    return text


def as_json(outcomes: Sequence[Outcome], properties: Mapping[str, Property]) -> dict[str, Any]:
    """All that is known of some ``properties``, by name, as one object."""
    return {"schema": SCHEMA, "properties": [{
        "name":    name,
        "block":   properties[name].block,
        "source":  properties[name].source,
        "says":    properties[name].says,
        "method":  properties[name].method.value,
        "outcome": verdict_of(some).value,
        "units":   [{
            "unit":    outcome.unit,
            "depth":   outcome.depth,
            "seconds": round(outcome.seconds, 3),
            "outcome": outcome.verdict.value,
            "text":    outcome.text,
            "run":     [{field: outcome.fields[field].shown(value)
                         for field, value in cycle.items()} for cycle in outcome.run],
        } for outcome in some],
    } for name, some in _by_property(outcomes)]}


def _by_property(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.name, []).append(outcome)
    return list(found.items())
