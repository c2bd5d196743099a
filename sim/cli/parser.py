"""Parser of a command's words, as all commands have it."""

import argparse
from typing import Any, NoReturn

from sim.output.files import print_out
from sim.output.text import columns

from .switches import one_word_each
from .usage import UsageError


__all__ = ["Help", "Parser"]


class Help(argparse.HelpFormatter):
    """Help as wide as the terminal."""

    def __init__(self, prog: str, **layout: Any):
        super().__init__(prog, **{"width": columns()} | layout)


class Parser(argparse.ArgumentParser):
    """Parser of arguments whose errors are one line, without the usage.

    That of a command takes options and other arguments in any order.
    """

    _within = False

    def __init__(self, **options: Any):
        super().__init__(**{"formatter_class": Help} | options)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse what can be understood, and return it and the rest."""
        if self._within or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._within = True  # The method below calls this one.
        try:
            return self.parse_known_intermixed_args(one_word_each(args), namespace)
        finally:
            self._within = False

    def error(self, message: str) -> NoReturn:
        """Raise :class:`UsageError`."""
        raise UsageError(f"{message} (see: {self.prog} --help)")

    def print_help(self, file: Any = None) -> None:
        """Print the help as all else is printed."""
        print_out(self.format_help())
