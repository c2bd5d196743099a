"""Counterexamples as waveforms."""

from typing import TextIO

from vcd import VCDWriter

from .property import Outcome


__all__ = ["write_waveform"]


#: Nanoseconds of a cycle, as it is shown.
CYCLE = 10

#: What a viewer would take for the end of a name, or for bits of a vector.
_BREAKS = str.maketrans(" :[]()", "______")


def write_waveform(outcome: Outcome, file: TextIO) -> None:
    """Write the run of a counterexample as VCD: its fields, and a clock.

    A field with names of its values has a signal of text beside it.
    """
    with VCDWriter(file, timescale="1 ns", comment=outcome.text.splitlines()[0]) as writer:
        clock  = writer.register_var(outcome.name, "clk", "wire", size=1)
        values = {name: writer.register_var(outcome.name, name.translate(_BREAKS), "wire",
                                            size=field.width)
                  for name, field in outcome.fields.items()}
        texts  = {name: writer.register_var(outcome.name, f"{name.translate(_BREAKS)}_name",
                                            "string")
                  for name, field in outcome.fields.items() if field.names}
        for cycle, seen in enumerate(outcome.run):
            begun = CYCLE * cycle
            writer.change(clock, begun, 1)
            for name, variable in values.items():
                writer.change(variable, begun, seen[name])
            for name, text in texts.items():
                writer.change(text, begun, outcome.fields[name].shown(seen[name]))
            writer.change(clock, begun + CYCLE // 2, 0)
        writer.close(CYCLE * len(outcome.run))
