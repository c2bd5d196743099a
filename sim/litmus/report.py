"""Results of litmus tests, as text and as JSON."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sim.output.text import table

from .axioms import Model
from .campaign import Campaign, Machine
from .examine import Examined
from .layout import Layout
from .test import LitmusTest, Outcome, Quantifier
from .text import as_text


__all__ = ["SCHEMA", "as_json", "campaign_as_text", "examined_as_text", "listed",
           "outcome_text", "verdict_as_text"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1

#: Most complaints that are told of a test.
TOLD = 4

#: What an outcome needs, in a word or two.
NEEDS = {Model.ORDERED: "", Model.BUFFERED: "store buffers", Model.EARLY: "early walks",
         Model.NONE: "forbidden"}


def outcome_text(outcome: Outcome, *, initial: Outcome = frozenset()) -> str:
    """An outcome in one line, without what was so at first."""
    return ", ".join(name if name.startswith("fault") else f"{name}={value}"
                     for name, value in sorted(outcome - initial, key=str)) or "nothing changed"


def examined_as_text(found: Examined) -> str:
    """A test with all its outcomes, and the steps of a schedule for each that was seen."""
    return "".join(f"{line}\n" for line in _examined(found))


def verdict_as_text(found: Examined) -> str:
    """A test in a line, and what is wrong with it in others."""
    return "".join(f"{line}\n" for line in (_head(found), *_wrong(found)))


def _head(found: Examined) -> str:
    return f"{found.test.name}: {_verdict(found)} ({_counts(found)})"


def _counts(found: Examined) -> str:
    parts = [f"{found.schedules} schedule{'s' * (found.schedules > 1)}"]
    if found.variants > 1:
        parts.append(f"{found.variants} sets of evictions")
    if found.attempts:
        parts.append(f"{found.attempts} attempt{'s' * (found.attempts > 1)} to break a lock")
    return ", ".join(parts)


def _wrong(found: Examined) -> Iterator[str]:
    """Yield a line for each thing that is wrong with a test."""
    initial = _initial(found)
    for outcomes, words in ((found.forbidden, "forbidden, and seen"),
                            (found.unexpected, "seen, of a machine that does one thing at a time"),
                            (found.missing, "not seen")):
        yield from (f"  {words}: {outcome_text(outcome, initial=initial)}" for outcome in outcomes)
    yield from (f"  no run of an abstract MMU: {complaint}" for _, complaint
                in found.complaints[:TOLD])


def _examined(found: Examined) -> Iterator[str]:
    initial, names = _initial(found), Layout(found.test).names()
    yield as_text(found.test)
    yield _head(found)
    yield from _wrong(found)
    yield ""
    yield " runs  needs          outcome"
    for outcome in _ordered(found):
        runs = str(found.shown[outcome].runs) if outcome in found.shown else ""
        yield (f"{runs:>5}  {NEEDS[found.outcomes.get(outcome, Model.NONE)]:<13}  "
               f"{outcome_text(outcome, initial=initial)}")
    for outcome, seen in found.shown.items():
        yield ""
        yield f"{outcome_text(outcome, initial=initial)}:"
        for cpu, place, tables in sorted(seen.evictions):
            what = "translation and the table" if tables and found.test.upper else "translation"
            yield f"  (P{cpu} forgets the {what} before its instruction {place + 1})"
        for step in seen.first.steps:
            yield f"  P{step.cpu}  " + re.sub(
                "0x[0-9a-f]+", lambda match: names.get(int(match[0], 16), match[0]), step.told)


def _initial(found: Examined) -> Outcome:
    return frozenset((f"[{place}]", value) for place, value in found.test.initial.items())


def _ordered(found: Examined) -> list[Outcome]:
    """All outcomes, those that need least first."""
    models = list(Model)

    def place(outcome: Outcome) -> tuple[int, str]:
        return (models.index(found.outcomes.get(outcome, Model.NONE)),
                outcome_text(outcome))

    return sorted({*found.shown, *found.outcomes}, key=place)


def _verdict(found: Examined) -> str:
    text = "ok" if found.holds else "FAILED"
    condition = found.test.condition
    if condition is None:
        return text
    if not found.condition:
        return f"FAILED, as this is not so: {condition}"
    seen  = any(map(condition.holds, found.shown))
    words = {Quantifier.EXISTS: "seen", Quantifier.ALLOWED: "allowed, and seen",
             Quantifier.FORBIDDEN: "never seen"}[condition.quantifier]
    if condition.quantifier is not Quantifier.FORBIDDEN and not seen:
        words = "allowed, not seen"
    return f"{text}, {words}: {condition.expression}"


def campaign_as_text(result: Campaign, machine: Machine, *, tests: bool) -> str:
    """All tests together; and ``tests`` that do not hold, unless they are told elsewhere."""
    outcomes = result.outcomes
    rows = [
        ("tests", result.tests),
        ("... that do not hold", result.failed),
        ("schedules, up to commuting steps", result.schedules),
        ("attempts to come between the halves of a locked access", result.attempts),
        ("outcomes that can be thought of", sum(outcomes.values())),
        ("... forbidden by the axioms", outcomes[Model.NONE]),
        ("... of these, seen", result.forbidden),
        ("... that a machine without store buffers shows", result.expected),
        ("... of these, not seen", result.missing),
        ("... allowed, that need store buffers", outcomes[Model.BUFFERED]),
        ("... allowed, that need walks before their turn", outcomes[Model.EARLY]),
        ("... of these two kinds, seen", result.unexpected),
    ]
    if machine.engine != "golden":
        rows.append(("runs that are none of an abstract MMU", result.complaints))
    text = table([(name, f"{number:,}") for name, number in rows])
    for found in result.kept if tests else ():
        text += "\n" + as_text(found.test) + verdict_as_text(found)
    return text


def listed(tests: Sequence[LitmusTest]) -> str:
    """Names of tests, and what each shows."""
    return table([("test", "what it shows"), *((test.name, test.about) for test in tests)])


def as_json(result: Campaign, found: Sequence[Examined], machine: Machine) -> dict[str, Any]:
    """The document."""
    return {
        "schema": SCHEMA, "engine": machine.engine, "preset": machine.preset,
        "flaw": machine.flaw,
        **{name: getattr(result, name) for name in (
            "tests", "failed", "variants", "schedules", "attempts", "shown", "expected", "missing",
            "forbidden", "unexpected", "complaints")},
        "outcomes": {model.name.lower(): number for model, number in result.outcomes.items()},
        "examined": [_examined_as_json(entry) for entry in found],
    }


def _examined_as_json(found: Examined) -> dict[str, Any]:
    condition = found.test.condition
    return {
        "name": found.test.name, "about": found.test.about, "text": as_text(found.test),
        "holds": found.holds, "condition": None if condition is None else str(condition),
        "condition_holds": found.condition, "variants": found.variants,
        "schedules": found.schedules, "attempts": found.attempts,
        "outcomes": [{
            "outcome": {name: value if isinstance(value, int) else str(value)
                        for name, value in sorted(outcome, key=str)},
            "needs": found.outcomes.get(outcome, Model.NONE).name.lower(),
            "runs": found.shown[outcome].runs if outcome in found.shown else 0,
            "steps": [{"cpu": step.cpu, "step": step.told}
                      for step in found.shown[outcome].first.steps]
            if outcome in found.shown else [],
        } for outcome in _ordered(found)],
        "complaints": [complaint for _, complaint in found.complaints],
    }
