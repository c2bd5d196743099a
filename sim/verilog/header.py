"""Comment at the head of a file of Verilog: how it was made, its ports, its protocols."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from amaranth.lib import stream

from dragoncage import __version__

from .ports import Field, Port, interfaces, ports, summary


__all__ = ["header"]


WIDTH = 80  # columns, without the marks of a comment

#: The rules of a stream by the manual of Amaranth, in short.
STREAM = ("A stream: its payload moves at each rising edge of clk at which valid and ready are "
          "high. Once valid is high, it and the payload stay as they are until then.")

#: Of everything that Amaranth makes.
CLOCK = ("Registers change at the rising edge of clk. One at which rst is high puts all into the "
         "state in which they are after power-up.")


def header(component: Any, *, command: str, parameters: Mapping[str, Any],
           notes: Sequence[str] = ()) -> str:
    """A comment for the text of ``component``.

    Says by which ``command`` and ``parameters`` it was made, and for which version; which ports it
    has; and the protocols that the docstrings of the component and its signatures tell, and the
    ``notes``.
    """
    lines = [
        f"{type(component).__module__}.{type(component).__name__} of dragoncage {__version__}, "
        "made by",
        f"  {command}",
        "",
        *_wrapped(summary(type(component))),
        "",
        "Configuration:",
        *_table(parameters),
        "",
        "Ports (into this module, or out of it), their widths, and bits of packed ones:",
        *_ports(ports(component)),
        "",
        "Protocols:",
    ]
    for text in (CLOCK, *_protocols(component), *notes):
        lines += _wrapped(text, first="- ", rest="  ")
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest)


def _table(values: Mapping[str, Any]) -> Iterator[str]:
    width = max(map(len, values))
    for name, value in values.items():
        yield f"  {name:{width}}  {value}"


def _protocols(component: Any) -> Iterator[str]:
    for owner in interfaces(component):
        yield STREAM if owner is stream.Signature else summary(owner)


def _ports(found: Sequence[Port]) -> Iterator[str]:
    width = max(len(port.name) for port in found)
    for name in ("clk", "rst"):
        yield f"  in   {name:{width}}    1"
    # Members that are interfaces are told one by one, and then the plain ones together.
    for text, group in groupby(found, lambda port: port.texts[0] if port.texts[1:] else ""):
        yield from ("", *_wrapped(text, "  ", "  "))
        said = ""
        for port in group:
            indent = f"  {'in' if port.into else 'out':3}  {port.name:{width}}  {port.width:3}  "
            text   = port.texts[-1] if port.texts[-1] != said else ""
            said   = port.texts[-1]
            yield from _wrapped(text, indent, " " * len(indent)) or [indent]
            yield from _fields(port.fields)


def _fields(fields: Sequence[Field]) -> Iterator[str]:
    width = max((len(field.name) for field in fields), default=0)
    for field in fields:
        last   = field.offset + field.width - 1
        bits   = f"{last}:{field.offset}" if field.width > 1 else f"{last}"
        indent = f"         {f'[{bits}]':9}  {field.name:{width}}  "
        yield from _wrapped(field.text, indent, " " * len(indent)) or [indent]
