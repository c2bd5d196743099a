"""Assembly of a machine for a scenario: what it wants, what is chosen, and the switches."""

from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

from hw.config import MmuConfig
from sim.errors import Unsuited
from sim.machine import Machine, unit_for
from sim.memory import PhysicalMemory
from sim.schedule import Schedule
from sim.switches import Switches


__all__ = ["MachineChoice", "assembled", "unit_before_switches"]


class MachineChoice(TypedDict, total=False):
    """Machine for a scenario, as far as the scenario leaves it open.

    Without a ``mode`` it is the scenario's first that the unit has. ``config`` is the unit's;
    without one it is a unit that has the mode. ``options`` are the engine's. ``schedule`` holds
    until the scenario makes one of its own. ``switches`` change the rest; ``force_override`` is the
    kernel's policy of forced writes.
    """

    engine:   Required[str]
    era:      Required[str]
    mode:     str | None
    config:   MmuConfig | None
    options:  Mapping[str, Any]
    schedule: Schedule | None
    switches: Switches
    force_override: str | None


def assembled(modes: Sequence[str], wanted: Mapping[str, Any], choice: MachineChoice) -> Machine:
    """Make the machine for a scenario with these ``modes``, whose MACHINE is ``wanted``.

    Raises :class:`sim.errors.Unavailable`, :class:`sim.errors.Unsuited`, also for switches that
    it cannot have, and :class:`TypeError` or :class:`ValueError` for what the scenario wants.
    """
    given: dict[str, Any] = {name: value for name, value in choice.items() if value is not None}
    switches = given.pop("switches", Switches())
    kernel   = switches.kernel()
    if "force_override" in given:
        kernel["proc_mem_force_override"] = given.pop("force_override")
    if kernel:
        given["kernel"] = _kernel(kernel, wanted)
    given |= _parts(switches, wanted)
    try:
        if switches.of("unit"):
            given["config"] = switches.unit(unit_before_switches(modes, wanted, choice))
        owned = {name: value for name, value in wanted.items()
                 if name not in ("config", "kernel") or name not in given}
        return Machine(**{"mode": modes} | given, **owned)
    except ValueError as error:
        if not switches.values:
            raise
        raise Unsuited(f"there is no such machine with --set {switches}: {error}") from error


def _kernel(chosen: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of the kernel, those that were ``chosen`` among them."""
    own = wanted.get("kernel", {})
    for name in chosen:
        if name in own:
            raise Unsuited(f'it has "{name}" for the kernel in its MACHINE; leave the switch out')
    return {**own, **chosen}


def unit_before_switches(modes: Sequence[str], wanted: Mapping[str, Any],
                         choice: MachineChoice) -> MmuConfig:
    """Configuration of the unit that switches change."""
    mode = choice.get("mode")
    return (choice.get("config") or wanted.get("config")
            or unit_for(modes if mode is None else [mode]))


def _parts(switches: Switches, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of the machine that ``switches`` set, and the scenario does not."""
    machine: dict[str, Any] = {**switches.of("machine")}
    for name in machine:
        own = "memory" if name == "latency" else name
        if own in wanted:
            raise Unsuited(f'it has "{own}" in its MACHINE; leave machine.{name} out')
    if "latency" in machine:
        machine["memory"] = PhysicalMemory(latency=machine.pop("latency"))
    return machine
