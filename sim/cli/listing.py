"""`dragoncage list`: what can be played, and on what."""

import argparse
import textwrap
from dataclasses import fields
from typing import Any

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.machine import MODES, suits
from sim.output.files import print_out
from sim.scenarios import SCENARIOS


__all__ = ["add", "list_command"]


def add(commands: Any) -> None:
    """Add the grammar."""
    listing = commands.add_parser("list", help=list_command.__doc__,
                                  description=list_command.__doc__)
    listing.set_defaults(command=list_command)


def list_command(args: argparse.Namespace) -> int:
    """Say which scenarios there are, and which presets of the unit."""
    lines = ["Scenarios, and their modes:"]
    for scenario in SCENARIOS.values():
        cpus = f", {scenario.cpus} processors" if scenario.cpus > 1 else ""
        lines += [f"  {scenario.name:10} [{', '.join(scenario.modes)}]{cpus}",
                  textwrap.indent(textwrap.fill(scenario.title, 74), "      ")]
    lines.append("Presets, and what they have:")
    for name, config in PRESETS.items():
        lines.append(textwrap.fill(f"  {name:10} {_in_words(config)}", 80,
                                   subsequent_indent=" " * 13))
    print_out("".join(f"{line}\n" for line in lines))
    return 0


def _in_words(config: MmuConfig) -> str:
    modes    = ", ".join(mode for mode in MODES if suits(config, mode))
    features = [feature.name for feature in fields(config)
                if feature.type is bool and getattr(config, feature.name)]
    return (f"[{modes}] {config.maxphyaddr} physical address bits, "
            f"{config.tlb_entries} TLB entries; {', '.join(features) or 'nothing more'}")
