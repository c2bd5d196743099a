"""The option ``--set``: switches of unit, machine and kernel."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from sim.output.files import print_out
from sim.output.text import table
from sim.switches import GROUPS, SWITCHES, Switches

from .usage import UsageError


__all__ = ["add_switches", "one_word_each", "switches_of"]


OPTION = "--set"


class _Set(argparse.Action):
    """Takes one word of switches; ``help`` lists them, and ends the command."""

    def __init__(self, groups: Sequence[str], **options: Any):
        super().__init__(**options)
        self.groups = groups

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 value: Any, option_string: str | None = None) -> None:
        """Keep the word."""
        if value == "help":
            self._list(parser)
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), value])

    def _list(self, parser: argparse.ArgumentParser) -> NoReturn:
        print_out(table([("switch", "meaning", "default"), *(
            (switch.name, switch.meaning, switch.default) for switch in SWITCHES.values()
            if switch.name.partition(".")[0] in self.groups)]))
        parser.exit()


def one_word_each(arguments: Sequence[str]) -> list[str]:
    """Write the option before each of several switches: ``--set a=0 b=0 NAME`` has two of them."""
    found: list[str] = []
    setting = False
    for word in arguments:
        if setting and "=" in word and not word.startswith("-") and found[-1] != OPTION:
            found.append(OPTION)
        setting = word == OPTION or setting and "=" in word and not word.startswith("-")
        found.append(word)
    return found


def add_switches(command: argparse.ArgumentParser, groups: Sequence[str] = GROUPS) -> None:
    """Add the option, for these ``groups`` of switches."""
    command.add_argument(
        OPTION, action=_Set, groups=groups, dest="switches", default=[], metavar="NAME=VALUE",
        help=f"set switches of {_listed(groups)}, such as {groups[0]}.smap=0; several may follow, "
             "--set help lists them")


def switches_of(args: argparse.Namespace, groups: Sequence[str] = GROUPS) -> Switches:
    """The switches that are set. Raises :class:`UsageError`."""
    try:
        found = Switches.parse(args.switches, groups)
    except ValueError as error:
        raise UsageError(f"{OPTION}: {error}") from error
    for name, _ in found.values:
        if name.partition(".")[0] not in groups:
            raise UsageError(f"{OPTION}: this command has nothing for {name}, but switches of "
                             f"{_listed(groups)}")
    return found


def _listed(groups: Sequence[str]) -> str:
    *most, last = groups
    return f"{', '.join(most)} and {last}" if most else last
