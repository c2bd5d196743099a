"""Walks and maps as values that JSON has."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sim.golden.permission import Refusal
from sim.record.history import Store

from .decision import Decisive, decided_by, decided_by_tlb
from .flags import cached_rights_text, flags, points_to, region_flags, rights_text
from .kernel import KernelRecords
from .map import AddressMap
from .walk import PageWalk, Verdict, WalkStep, has_keys


__all__ = ["as_json", "map_as_json"]


def as_json(found: PageWalk) -> dict[str, Any]:
    """A walk as values that JSON has. Addresses and values are text: ``"0x1000"``."""
    translation = found.translation
    return {
        "linear": hex(found.linear), "cycle": found.cycle, "cpu": found.cpu,
        "mode": found.state.mode.value, "cr3": hex(found.state.cr3),
        "loaded": found.loaded,
        "pdpte": None if found.pdpte is None else hex(found.pdpte),
        "registers": {name: int(value) for name, value in found.registers.items()},
        "key_registers": {"PKRU": None, "PKRS": None} | {
            name: hex(value) for name, value in found.key_registers.items()},
        "canonical": found.canonical, "tlb_reported": found.tlb_reported,
        "entries": [_step(found, step) for step in found.steps],
        "page": None if translation is None else {
            "physical": hex(translation.physical), "size": translation.size,
            "rights": rights_text(translation.rights), "key": translation.rights.key},
        "tlb": None if found.cached is None else {
            "linear": hex(found.cached.linear), "physical": hex(found.cached.physical),
            "size": found.cached.size, "rights": cached_rights_text(found.cached),
            "key": found.cached.key if has_keys(found.state) else None,
            "dirty": found.cached.dirty, "global": found.cached.global_page,
            "level": found.cached.level, "filled": found.cached.filled, "stale": found.stale,
            "verdicts": _verdicts(found.cached_verdicts, decided_by_tlb)},
        "verdicts": _verdicts(found.verdicts, partial(decided_by, found.steps)),
        "kernel": None if found.kernel is None else _kernel(found.kernel),
    }


def map_as_json(found: AddressMap) -> dict[str, Any]:
    """A map as values that JSON has."""
    return {
        "cycle": found.cycle, "cpu": found.cpu, "mode": found.state.mode.value,
        "cr3": hex(found.state.cr3), "loaded": found.loaded,
        "regions": [{
            "linear": hex(region.linear),
            "physical": None if region.physical is None else hex(region.physical),
            "size": region.size, "count": region.count, "rights": rights_text(region.rights),
            "bits": list(region_flags(region)), "cached": region.held, "stale": region.stale,
        } for region in found.regions],
        "stale": [{
            "linear": hex(entry.linear), "physical": hex(entry.physical), "size": entry.size,
            "rights": cached_rights_text(entry), "level": entry.level, "filled": entry.filled,
        } for entry in found.stale],
    }


def _kernel(records: KernelRecords) -> dict[str, Any]:
    area, frame = records.area, records.frame
    return {
        "mapping": None if area is None else {
            "start": hex(area.start), "end": hex(area.end), "name": area.name,
            "access": area.access or None, "offset": area.offset, "owner": area.owner or None},
        "frame": None if frame is None else {
            "physical": hex(frame.physical), "use": frame.use, "exclusive": frame.exclusive,
            "refcount": frame.refcount, "mapcount": frame.mapcount},
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


def _verdicts(verdicts: Mapping[str, Verdict],
              deciding: Callable[[Refusal], Sequence[Decisive]]) -> dict[str, Any]:
    return {name: {
        "done": not verdict.refusals, "error_code": verdict.error_code,
        **(_refusal(verdict.refusals[0], deciding) if verdict.refusals else {}),
        "also": [_refusal(refusal, deciding) for refusal in verdict.refusals[1:]],
    } for name, verdict in verdicts.items()}


def _refusal(refusal: Refusal,
             deciding: Callable[[Refusal], Sequence[Decisive]]) -> dict[str, Any]:
    return {"reason": refusal.text, "rule": refusal.rule, "section": refusal.section,
            "decided_by": [{"level": decisive.level or None, "bit": decisive.bit}
                           for decisive in deciding(refusal)]}
