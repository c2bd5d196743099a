"""Memories whose rows sentences can be about."""

from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Array, Elaboratable, Module, Signal


__all__ = ["Rows"]


class Rows(Elaboratable):
    """A memory whose rows are registers of its user, which sentences can be about."""

    def __init__(self, kept: Any):
        def port() -> Any:
            return SimpleNamespace(
                addr=Signal(range(len(kept))), data=Signal(kept[0].shape()), en=Signal())

        self._kept = kept
        self._read, self._write = port(), port()

    def read_port(self, *, domain: Any) -> Any:
        assert domain == "comb"
        return self._read

    def write_port(self) -> Any:
        return self._write

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        rows = Array(row.as_value() for row in self._kept)
        m.d.comb += self._read.data.eq(rows[self._read.addr])
        with m.If(self._write.en):
            m.d.sync += rows[self._write.addr].eq(self._write.data)
        return m
