"""Findings of a campaign, as text and as JSON."""

import json
from collections.abc import Iterator, Sequence
from textwrap import shorten
from typing import Any

from sim.output.text import table, wrap
from sim.vectors.line import sequence_line
from sim.vectors.sequence import SequenceVector

from .bins import Coverpoint
from .campaign import Aim, Campaign, Hit, aimed, carry_out, hits_of
from .model import Bin
from .observation import AccessSeen, OperationSeen, WriteSeen, privilege
from .observer import Seen
from .proofs import proofs_of
from .rules import RULES, code_of


__all__ = ["SCHEMA", "as_json", "as_text", "replayed"]


#: It changes when a key goes, or gets another meaning.
SCHEMA = 1

#: Holes that a text names of each coverpoint, and failures of each kind; there may be thousands.
_NAMED = 8

#: Characters of a rule's title in the table.
_TITLE = 44


def as_text(campaign: Campaign, unit: str, rules: Sequence[int], seconds: float,
            *, chosen: bool) -> str:
    """A table of rules; of rules that were ``chosen``, all bins too."""
    rows = [("rule", "", "bins", "hit", "ignored", "hits")]
    for number in rules:
        bins = campaign.model.of_rules([number])
        rows.append((str(number), shorten(RULES[number].title, _TITLE, placeholder=" ..."),
                     str(len(bins)),
                     str(sum(bin_.number in campaign.counts for bin_ in bins)),
                     str(_ignored(campaign, number)),
                     f"{sum(campaign.counts.get(bin_.number, 0) for bin_ in bins):,}"))
    lines = [*wrap(f"coverage of the unit {unit}, seed {campaign.seed}", "", "  "), "",
             table(rows)]
    if chosen:
        lines += [line for number in rules for line in _all_bins(campaign, number)]
    lines += _unhit(campaign)
    lines += _failures(campaign)
    hit    = len(campaign.bins) - len(campaign.holes)
    lines += wrap(f"{hit:,} of {len(campaign.bins):,} bins hit ({_percent(hit, campaign)}), by "
                  f"{campaign.accesses:,} accesses in {campaign.stimuli:,} stimuli, "
                  f"{campaign.cycles:,} cycles of the unit, each answer compared; "
                  f"{seconds:.1f} s", "", "  ")
    return "\n".join(lines) + "\n"


def _percent(hit: int, campaign: Campaign) -> str:
    return f"{100 * hit // len(campaign.bins)} %" if campaign.bins else "-"


def _ignored(campaign: Campaign, rule: int) -> int:
    return sum(len(values) for coverpoint in _coverpoints(campaign, rule)
               for values in campaign.model.ignored[coverpoint.name].values())


def _coverpoints(campaign: Campaign, rule: int) -> list[Coverpoint]:
    return [coverpoint for coverpoint in campaign.model.coverpoints if coverpoint.rule == rule]


def _bins(campaign: Campaign, coverpoint: Coverpoint) -> list[Bin]:
    return [bin_ for bin_ in campaign.model.of_rules([coverpoint.rule])
            if bin_.coverpoint is coverpoint]


def _all_bins(campaign: Campaign, rule: int) -> Iterator[str]:
    """Each bin of a rule: how often it was hit, and by which stimulus first."""
    for coverpoint in _coverpoints(campaign, rule):
        yield from wrap(f"rule {rule}, {coverpoint.name}: {coverpoint.description}", "", "  ")
        yield ""
        rows = [("bin", "hits", "first by", "in cycle")]
        for bin_ in _bins(campaign, coverpoint):
            first = campaign.first.get(bin_.number)
            rows.append((bin_.text, str(campaign.counts.get(bin_.number, 0)),
                         *((str(first.aim), str(first.cycle)) if first else ("-", "-"))))
        if len(rows) > 1:
            yield table(rows)
        for reason, values in campaign.model.ignored[coverpoint.name].items():
            yield from wrap(f"cannot be: {len(values)} {'bin' if len(values) == 1 else 'bins'}; "
                            f"{reason}", "", "  ")
            yield ""


def _unhit(campaign: Campaign) -> Iterator[str]:
    holes: dict[str, list[Bin]] = {}
    for number in campaign.holes:
        bin_ = campaign.model.bins[number]
        holes.setdefault(f"rule {bin_.coverpoint.rule}, {bin_.coverpoint.name}", []).append(bin_)
    for name, bins in holes.items():
        more = f" and {len(bins) - _NAMED} more" * (len(bins) > _NAMED)
        yield from wrap(f"not hit: {name}: {'; '.join(bin_.text for bin_ in bins[:_NAMED])}{more}",
                        "", "  ")
        yield ""


def _failures(campaign: Campaign) -> Iterator[str]:
    yield from _some([f"DIFFERENCE: stimulus {aim}: {difference}"
                      for aim, difference in campaign.differences], "differences")
    yield from _some([f"WRONG: stimulus {aim} has hit what cannot be: {name}: {', '.join(values)}"
                      for name, values, aim in campaign.illegal], "hits of what cannot be")


def _some(failures: Sequence[str], name: str) -> Iterator[str]:
    """The first failures of one kind, and how many more there are: a flaw may have thousands."""
    for failure in failures[:_NAMED]:
        yield from wrap(failure, "", "  ")
        yield ""
    if len(failures) > _NAMED:
        yield f"... and {len(failures) - _NAMED:,} more {name}; --json has them all"
        yield ""


def as_json(campaign: Campaign, preset: str, switches: Sequence[str], rules: Sequence[int],
            ) -> dict[str, Any]:
    """The whole of it as a JSON document."""
    aims = sorted({campaign.first[number].aim for number in campaign.bins
                   if number in campaign.first})
    return {
        "schema": SCHEMA, "preset": preset, "switches": list(switches), "seed": campaign.seed,
        "bins": len(campaign.bins), "hit": len(campaign.bins) - len(campaign.holes),
        "accesses": campaign.accesses, "stimuli": campaign.stimuli, "cycles": campaign.cycles,
        "rules": [_rule_as_json(campaign, number) for number in rules],
        "differences": [{"stimulus": str(aim), "text": text}
                        for aim, text in campaign.differences],
        "impossible": [{"coverpoint": name, "values": list(values), "stimulus": str(aim)}
                       for name, values, aim in campaign.illegal],
        "vectors": {str(aim): _line(aimed(campaign.config, campaign.seed, aim)) for aim in aims},
    }


def _rule_as_json(campaign: Campaign, number: int) -> dict[str, Any]:
    rule = RULES[number]
    bins = campaign.model.of_rules([number])
    return {
        "number": number, "title": rule.title, "source": rule.source,
        "bins": len(bins), "hit": sum(bin_.number in campaign.counts for bin_ in bins),
        "ignored": _ignored(campaign, number),
        "tests": [f"tests/{file}" for file in rule.tests], "command": rule.command,
        "proofs": [proof._asdict() for proof in proofs_of(number)],
        "code": [code.name for code in code_of(number)],
        "coverpoints": [{
            "name": coverpoint.name, "description": coverpoint.description,
            "axes": list(coverpoint.axes),
            "bins": [{"values": list(bin_.values),
                      "count": campaign.counts.get(bin_.number, 0),
                      "first": _first_as_json(campaign.first.get(bin_.number))}
                     for bin_ in _bins(campaign, coverpoint)],
            "ignored": [{"reason": reason, "bins": [list(one) for one in values]}
                        for reason, values in
                        campaign.model.ignored[coverpoint.name].items()],
        } for coverpoint in _coverpoints(campaign, number)],
    }


def _first_as_json(hit: Hit | None) -> dict[str, Any] | None:
    return None if hit is None else {"stimulus": str(hit.aim), "cycle": hit.cycle}


def _line(vector: SequenceVector) -> str | None:
    """A stimulus as a line of access vectors, if it can be one."""
    line = sequence_line(vector)
    return None if line is None else json.dumps(line)


def replayed(campaign: Campaign, aim: Aim) -> str:
    """One stimulus again: what was seen, and which bins that has hit.

    Raises :class:`sim.errors.Unavailable`.
    """
    target = campaign.model.bins[aim.bin]
    vector = aimed(campaign.config, campaign.seed, aim)
    run    = carry_out(campaign.config, vector)
    hits: dict[int, list[str]] = {}
    for cycle, name, values in hits_of(campaign.model, run):
        hits.setdefault(cycle, []).append(f"{name}: {', '.join(values)}")
    lines = wrap(f"stimulus {aim}, seed {campaign.seed}: aimed at rule {target.coverpoint.rule}, "
                 f"{target.coverpoint.name}: {target.text}", "", "  ")
    lines += [f"MAXPHYADDR {vector.maxphyaddr}", ""]
    for cycle, seen in run.seen:
        lines += wrap(f"cycle {cycle}: {_said(seen)}", "", "  ")
        lines += [line for hit in hits.get(cycle, ()) for line in wrap(hit, "    hits ", "      ")]
    line   = _line(vector)
    lines += ["", *wrap(run.difference or "The golden model does the same.", "", "  ")]
    if line is not None:
        lines += ["", "As an access vector:", line]
    return "\n".join(lines) + "\n"


def _said(seen: Seen) -> str:
    """An observation in words."""
    refused = "" if isinstance(seen, AccessSeen) or not seen.refused else ", #GP"
    match seen:
        case AccessSeen():
            access = seen.access
            ending = f"#PF({seen.error_code:#x})" if seen.fault == "#PF" else seen.fault or "done"
            pages  = "; ".join(
                f"{page.by}{f' from the {page.begins}' * bool(page.begins)}, {page.size or '-'}, "
                f"{page.ending}" for page in seen.pages)
            return (f"{privilege(access)} {access.kind.value} of {access.size} at "
                    f"{access.linear:#x}: {ending}{f' ({pages})' * bool(pages)}")
        case WriteSeen():
            return f"{seen.register} = {seen.value:#x}{refused}"
        case OperationSeen(name="INVLPG"):
            return f"INVLPG {seen.linear:#x}"
        case OperationSeen():
            return (f"INVPCID type {seen.type}, PCID {seen.pcid:#x}, {seen.linear:#x}{refused}")
