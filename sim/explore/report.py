"""Results of searches, as text and as JSON."""

from collections.abc import Iterator
from typing import Any

from sim.output.text import table, wrap

from .confirm import Confirmation
from .plan import render
from .search import Exhaustive, Result, Strategy
from .told import Examined, Slice, slices
from .unit import Setting


__all__ = ["as_json", "as_text", "steps_as_text"]


#: Version of the JSON.
SCHEMA = 1

#: Preemptions in words, as far as anybody writes them so.
_NUMBERS = ("no", "one", "two", "three", "four", "five")


def as_text(setting: Setting, strategy: Strategy, result: Result, found: Examined | None,
            confirmed: Confirmation | None) -> str:
    """All that is known, in paragraphs."""
    lines = [*wrap(title(setting), ""), *wrap(f"{_where(setting)}, {strategy}", "  "), ""]
    lines += wrap(_known(strategy, result), "")
    lines += wrap(_outcome(result), "")
    if isinstance(strategy, Exhaustive):
        lines += ["", *table([("preemptions", "played", "equal to one of those", "bad"), *(
            (str(number), f"{entry.played:,}", f"{entry.equal:,}", f"{entry.bad:,}")
            for number, entry in enumerate(result.rounds))], indent="  ").splitlines()]
    if found is not None:
        lines += ["", *_schedule(found)]
    if confirmed is not None:
        lines += ["", *wrap(
            f"On the gateware, by {confirmed.engine}: {confirmed.agree} of {confirmed.schedules} "
            f"schedules end as on the golden machine, {confirmed.bad} of them with the bad "
            "outcome.", "")]
    return "".join(f"{line}\n" for line in lines)


def title(setting: Setting) -> str:
    """Title of the race."""
    return (setting.module.__doc__ or "").strip().partition("\n")[0]


def _where(setting: Setting) -> str:
    flaw, switches = setting.variant.flaw, str(setting.switches)
    return (f"{setting.race} on a kernel of {setting.era_name}"
            + (f" with {switches}" if switches else "") + (f", {flaw}" if flaw else ""))


def _known(strategy: Strategy, result: Result) -> str:
    """The search and its bound."""
    scale = f"n = {result.processors}, k = {result.steps} steps: "
    if isinstance(strategy, Exhaustive):
        most   = strategy.preemptions
        number = _NUMBERS[most] if most < len(_NUMBERS) else str(most)
        within = (f"schedules with {'at most ' * bool(most)}{number} "
                  f"preemption{'s' * (most != 1)}")
        if not result.complete:
            return f"{scale}{result.played:,} of the {within} played, fewest preemptions first."
        return f"{scale}all {within} tried."
    assert result.sampling is not None, "schedules were drawn"
    drawn = f"{result.tried:,} schedules drawn"
    if not strategy.depth:
        return f"{scale}{drawn}, each step by coin: no bound is known."
    power   = f"^{strategy.depth - 1}" * (strategy.depth > 2)
    formula = f"1/(n·k{power})" if strategy.depth > 1 else "1/n"
    bound   = (f"{scale}{drawn} by PCT with d = {strategy.depth}, {result.played:,} different "
               f"ones. The bound is {formula} = 1/{result.sampling.bound:,}.")
    if result.longest > result.steps:
        bound += (f" Some had up to {result.longest} steps; of what needs a switch beyond k it "
                  "says nothing.")
    return bound


def _outcome(result: Result) -> str:
    bad = sum(entry.bad for entry in result.rounds)
    if not bad:
        return f"The bad outcome is in none of {result.tried:,}."
    rate = f" (1 in {result.tried // bad:,})" if result.sampling else ""
    return (f"The bad outcome is in {bad:,} of {result.tried:,}{rate}, first in number "
            f"{result.number:,} {'drawn' if result.sampling else 'played'}.")


def _schedule(found: Examined) -> Iterator[str]:
    ending = found.ending
    yield from wrap(f"Found: {ending.bad}.", "")
    number = ending.preemptions
    yield from wrap(f'The schedule, as small as it gets: "{render(ending.plan)}", with {number} '
                    f"preemption{'s' * (number != 1)} in {ending.steps} steps.", "")
    parts = slices(found.steps)
    for part in parts:
        behind = next((other.steps[0] for other in parts
                       if other.cpu == part.cpu and other.first > part.first), None)
        yield from _slice(part, behind is None)
    if found.whole is None:
        yield from wrap("It depends on a switch within an operation, or on a flaw of the processor:"
                        " other engines cannot play it.", "")


def _slice(part: Slice, last: bool) -> Iterator[str]:
    count = len(part.steps)
    yield from wrap(f"processor {part.cpu}, {count} step{'s' * (count != 1)} from {part.first} on:"
                    f" {', '.join(part.functions) or 'the program'}", "  ", "    ")
    end = part.steps[-1]
    yield from wrap(f"... {'ends' if last else 'stops'} after: {end.doing}, in {end.function}",
                    "    ", "      ")


def steps_as_text(found: Examined) -> str:
    """The steps of a schedule, one a line."""
    return table([("step", "processor", "function", "does"), *(
        (str(number), str(step.cpu), step.function, step.doing)
        for number, step in enumerate(found.steps))])


def as_json(setting: Setting, strategy: Strategy, result: Result, found: Examined | None,
            confirmed: Confirmation | None) -> dict[str, Any]:
    """All that is known, as one object."""
    return {
        "schema":     SCHEMA,
        "race":       setting.race,
        "title":      title(setting),
        "era":        setting.era_name,
        "switches":   str(setting.switches) or None,
        "flaw":       setting.variant.flaw or None,
        "strategy":   str(strategy),
        "processors": result.processors,
        "steps":      result.steps,
        "longest":    result.longest,
        "complete":   result.complete,
        "rounds":     [{"played": entry.played, "equal": entry.equal, "bad": entry.bad}
                       for entry in result.rounds],
        "seed":       result.sampling.seed if result.sampling else None,
        "bound":      result.sampling.bound if result.sampling and result.sampling.depth else None,
        "first":      result.number or None,
        "confirmed":  confirmed and {
            "engine": confirmed.engine, "schedules": confirmed.schedules,
            "agree": confirmed.agree, "bad": confirmed.bad,
        },
        "found":      found and {
            "bad":         found.ending.bad,
            "plan":        render(found.ending.plan),
            "preemptions": found.ending.preemptions,
            "whole":       None if found.whole is None else render(found.whole),
            "steps":       [{"processor": step.cpu, "functions": list(step.functions),
                             "does": step.doing} for step in found.steps],
        },
    }
