"""`dragoncage list`: scenarios, presets of the unit, and eras of the kernel."""

import argparse
import json
from dataclasses import asdict, fields
from typing import Any

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.machine import ERAS, MODES, suits
from sim.output.files import print_out
from sim.output.text import wrap
from sim.scenarios import SCENARIOS


__all__ = ["SCHEMA", "add", "list_command"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1


def add(commands: Any) -> None:
    """Add the arguments."""
    listing = commands.add_parser("list", help=list_command.__doc__,
                                  description=list_command.__doc__)
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(command=list_command)


def list_command(args: argparse.Namespace) -> int:
    """List the scenarios, the presets of the unit, and the eras of the kernel."""
    print_out(_as_json() if args.json else _as_text())
    return 0


def _as_json() -> str:
    return json.dumps({
        "schema": SCHEMA,
        "scenarios": [
            {"name": scenario.name, "title": scenario.title, "modes": list(scenario.modes),
             "cpus": scenario.cpus} for scenario in SCENARIOS.values()],
        "presets": [{"name": name, "modes": _modes(config), "config": asdict(config)}
                    for name, config in PRESETS.items()],
        "eras": [{"name": name, "version": era.name} for name, era in ERAS.items()],
    }, indent=2) + "\n"


def _as_text() -> str:
    lines = wrap("Scenarios, and their paging modes:", "")
    for scenario in SCENARIOS.values():
        cpus   = f", {scenario.cpus} processors" if scenario.cpus > 1 else ""
        lines += wrap(f"{scenario.name:10} [{', '.join(scenario.modes)}]{cpus}", "  ", " " * 13)
        lines += wrap(scenario.title, " " * 6)
    lines += wrap("Presets of the unit, and what they have:", "")
    for name, config in PRESETS.items():
        lines += wrap(f"{name:10} {_in_words(config)}", "  ", " " * 13)
    lines += wrap("Eras of the kernel, by versions of Linux whose rules they have:", "")
    lines += wrap(", ".join(f"{name} (as {era.name})" * (name != era.name) or name
                            for name, era in ERAS.items()), "  ")
    return "".join(f"{line}\n" for line in lines)


def _in_words(config: MmuConfig) -> str:
    features = [feature.name for feature in fields(config)
                if feature.type is bool and getattr(config, feature.name)]
    second = f" and {config.second_entries:,} in a second level" * bool(config.second_entries)
    return (f"[{', '.join(_modes(config))}] {config.maxphyaddr} physical address bits, "
            f"{config.tlb_entries} TLB entries{second}; {', '.join(features) or 'nothing more'}")


def _modes(config: MmuConfig) -> list[str]:
    return [mode for mode in MODES if suits(config, mode)]
