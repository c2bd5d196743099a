"""Accesses, outcomes and cycles in words, for the messages of a failure."""

from typing import Any

from sim.coverage.observation import privilege
from sim.golden.mmu import Outcome
from sw.bus import Access, BusError, Kind, PageFault


__all__ = ["access_text", "cycle_text", "outcome_text"]


def access_text(access: Access) -> str:
    """An access in words."""
    text = f"{privilege(access)} {access.kind.value} of {access.size} at {access.linear:#x}"
    if access.kind not in (Kind.READ, Kind.FETCH):
        text += f", data {access.data:#x}"
    if access.kind is Kind.COMPARE_EXCHANGE:
        text += f", expected {access.compare:#x}"
    return text


def outcome_text(outcome: Outcome | None) -> str:
    """An outcome in words; None is that of an access that is skipped."""
    if outcome is None:
        return "skipped"
    if isinstance(outcome.fault, PageFault):
        return f"#PF({outcome.fault.error_code:#x}) at {outcome.fault.address:#x}"
    if isinstance(outcome.fault, BusError):
        return "a bus error"
    if outcome.fault is not None:
        return "#GP"
    return f"{outcome.data:#x} at physical {outcome.physical:#x}"


def cycle_text(cycle: Any) -> str:
    """A sampled cycle, a named tuple, in words: known values in hex, and X for unknown ones."""
    parts = []
    for name, value in cycle._asdict().items():
        if hasattr(value, "_asdict"):
            parts.append(f"{name} ({cycle_text(value)})")
        elif value is not None or name in ("valid", "ready", "cyc", "stb"):
            parts.append(f"{name} {'X' if value is None else f'{value:x}'}")
    return ", ".join(parts)
