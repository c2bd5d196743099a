"""The machine compiled to native code: some hundred times faster, and the same cycle by cycle."""

from .engine import CxxrtlEngine


__all__ = ["CxxrtlEngine"]
