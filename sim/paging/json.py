"""A walk as values that JSON has."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.golden.permission import Refusal
from sim.record.history import Store

from .decision import decided_by
from .flags import cached_rights_text, flags, points_to, rights_text
from .walk import PageWalk, Verdict, WalkStep


__all__ = ["as_json"]


def as_json(found: PageWalk) -> dict[str, Any]:
    """A walk as values that JSON has. Addresses and values are text: ``"0x1000"``."""
    translation = found.translation
    return {
        "linear": hex(found.linear), "cycle": found.cycle, "cpu": found.cpu,
        "mode": found.state.mode.value, "cr3": hex(found.state.cr3),
        "registers": {name: int(value) for name, value in found.registers.items()},
        "canonical": found.canonical, "tlb_reported": found.tlb_reported,
        "entries": [_step(found, step) for step in found.steps],
        "page": None if translation is None else {
            "physical": hex(translation.physical), "size": translation.size,
            "rights": rights_text(translation.rights)},
        "tlb": None if found.cached is None else {
            "linear": hex(found.cached.linear), "physical": hex(found.cached.physical),
            "size": found.cached.size, "rights": cached_rights_text(found.cached),
            "dirty": found.cached.dirty, "global": found.cached.global_page,
            "filled": found.cached.filled, "stale": found.stale,
            "verdicts": _verdicts(found.steps, found.cached_verdicts)},
        "verdicts": _verdicts(found.steps, found.verdicts),
    }


def _step(found: PageWalk, step: WalkStep) -> dict[str, Any]:
    target = points_to(found.state, step.level, step.entry)
    return {
        "level": step.level.name, "address": hex(step.address), "entry": hex(step.entry),
        "refers_to": None if target is None else hex(target),
        "bits": list(flags(found.state, step.level, step.entry)),
        "rights": rights_text(step.rights),
        "store": None if step.store is None else _store(step.store),
    }


def _store(store: Store) -> dict[str, Any]:
    transfer = store.transfer
    return {"cycle": transfer.accepted, "cpu": store.cpu, "walker": transfer.walk,
            "functions": list(transfer.mark.stack)}


def _verdicts(steps: Sequence[WalkStep], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    return {name: {"done": verdict.refusal is None, "error_code": verdict.error_code,
                   **({} if verdict.refusal is None else _refusal(steps, verdict.refusal))}
            for name, verdict in verdicts.items()}


def _refusal(steps: Sequence[WalkStep], refusal: Refusal) -> dict[str, Any]:
    return {"reason": refusal.text, "rule": refusal.rule, "section": refusal.section,
            "decided_by": [{"level": decisive.level or None, "bit": decisive.bit}
                           for decisive in decided_by(steps, refusal)]}
