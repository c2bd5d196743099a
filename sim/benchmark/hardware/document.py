"""Figures of units as JSON."""

import json
from dataclasses import asdict
from typing import Any

from .aims import NOT_MADE, AimResult, judged
from .measure import Costs, Measurement, Unit
from .peers import PEERS, TOOLS, Peer


__all__ = ["as_json"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1


def as_json(found: Measurement) -> str:
    """Return what was measured, and the peers, as a JSON document."""
    return json.dumps({
        "schema":  SCHEMA,
        "tools":   found.tools,
        "seeds":   list(found.seeds),
        "targets": [{"name": target.name, "title": target.title} for target in found.targets],
        "units":   [_unit(unit) for unit in found.units],
        "aims":    {"judged": [_verdict(verdict) for verdict in judged(found)],
                    "not_made": NOT_MADE},
        "peers":   {"tools": TOOLS, "units": [_peer(peer) for peer in PEERS]},
    }, indent=2) + "\n"


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "preset": unit.preset, "config": asdict(unit.config), "held": unit.held,
        "cycles": [{"latency": latency, "figures": figures}
                   for latency, figures in unit.cycles.items()],
        "costs":  [{"target": target, **_costs(costs), "nanoseconds": [
            {"latency": latency, "figures": unit.nanoseconds(target, latency)}
            for latency in unit.cycles]}
            for target, costs in unit.costs.items()],
    }


def _costs(costs: Costs) -> dict[str, Any]:
    return {
        "cells":   costs.cells,
        "unfit":   costs.unfit or None,
        "fmax_hz": None if costs.fmax_hz is None else round(costs.fmax_hz),
        "placements": [{"seed": placed.seed, "fmax_hz": round(placed.fmax_hz),
                        "critical_path": asdict(placed.path)} for placed in costs.placements],
    }


def _verdict(verdict: AimResult) -> dict[str, Any]:
    aim = verdict.aim
    return {"text": aim.text, "relation": aim.relation, "bound": aim.bound, "unit": aim.unit,
            "reached": verdict.reached, "met": verdict.met}


def _peer(peer: Peer) -> dict[str, Any]:
    return {
        "name": peer.name, "what": peer.what, "held": peer.held, "with_data": peer.with_data,
        "cycles": peer.cycles,
        "costs":  [{"target": target, "cells": cost.cells, "mhz": cost.mhz, "unfit": cost.unfit}
                   for target, cost in peer.costs.items()],
    }
