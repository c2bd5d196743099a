"""Litmus tests that come with the project, by name."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from .parser import parse
from .test import LitmusTest


__all__ = ["SUFFIX", "library"]


SUFFIX = ".litmus"


@cache
def library() -> Mapping[str, LitmusTest]:
    """All of them, in the order of their names."""
    folder = resources.files(__package__) / "named"
    tests  = [parse(file.read_text(encoding="utf-8")) for file in folder.iterdir()
              if file.name.endswith(SUFFIX)]
    return {test.name: test for test in sorted(tests, key=lambda test: test.name.lower())}
