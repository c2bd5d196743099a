"""The engine whose machine is on a board, or on a simulated one, behind a serial link."""

from .engine import SerialEngine, on_port


__all__ = ["SerialEngine", "on_port"]
