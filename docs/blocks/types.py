"""The page of types: what goes over the ports of the blocks, field by field."""

import inspect
from collections.abc import Mapping
from enum import Enum
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, wiring

from hw import bus, interrupts, layout, permission, translation, updater, wishbone
from hw.tlb import array
from sim.verilog.docstrings import comments_of, docstring_of, entries_of

from .catalog import FULL
from .markdown import cell, paragraphs


__all__ = ["TYPES", "types_page"]


#: Layouts that are made of a configuration, or of other parameters.
_MADE = {
    **dict.fromkeys((
        translation.invalidation_layout, translation.translation_layout, translation.target_layout,
        translation.piece_layout, translation.candidates_layout, translation.structure_layout,
        translation.find_request_layout, translation.find_response_layout,
        translation.walk_request_layout, translation.walk_response_layout,
        translation.translated_layout, updater.update_layout), (FULL,)),
    array.fill_layout: (64,),
    interrupts.interrupt_layout: (2,),
}

#: The types by name, in the order of their sections.
TYPES: Mapping[str, Any] = {one.__name__: one for one in (
    bus.AccessSignature, bus.AccessRequest, bus.AccessResponse,
    bus.ControlSignature, bus.ControlRequest, bus.ControlResponse, bus.ControlState,
    bus.Events, bus.TlbUpdate,
    wishbone.WishboneSignature, wishbone.ClassicSignature, interrupts.InterruptSignature,
    layout.AccessKind, layout.Fault, layout.ErrorCode, bus.ControlOp, bus.Register, layout.Flush,
    layout.Level, layout.PageSize,
    translation.PagingMode, permission.Protection, permission.Rights,
    array.Stamps, array.RowKind, *_MADE)}


def types_page(links: Mapping[str, str]) -> str:
    """Return the page. ``links`` are targets of names, from its folder."""
    parts = [
        "<!-- Written by `python -m docs.blocks`, out of the code. -->",
        "# Types between the blocks",
        "What goes over the ports of [the blocks](../blocks.md). Bits are those of the preset "
        "`full`. The first\nfield is in the lowest bits.",
    ]
    for name, one in TYPES.items():
        parts += [f"## {name}", *_section(one, links)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(one: Any, links: Mapping[str, str]) -> list[str]:
    """Return what stands under the heading of a type: its docstring, and a table."""
    told = docstring_of(one)
    text = [paragraphs(told.summary, links), paragraphs(told.body, links)]
    if inspect.isclass(one) and issubclass(one, wiring.Signature):
        rows = [f"| {_code(entry.names)} | {_code(entry.shapes)} | {cell(entry.text, links)} |"
                for entry in entries_of(one, "Members")]
        return [*text, _table(("member", "shape", "meaning"), rows)]
    said = comments_of(one)
    if one in (translation.translation_layout, translation.piece_layout):
        # They have the fields of that one, too.
        said = comments_of(translation.target_layout) | said
    if inspect.isclass(one) and issubclass(one, Enum):
        rows = [f"| `{member.name}` | {int(member.value)} "
                f"| {cell(said.get(member.name, ''), links)} |" for member in one]
        return [*text, _table(("name", "value", "meaning"), rows)]
    made = data.Layout.cast(one(*_MADE[one]) if one in _MADE else one)
    rows = [f"| `{name}` | {Shape.cast(field.shape).width} | {_type(field.shape)} "
            f"| {cell(said.get(name, ''), links)} |" for name, field in made]
    return [*text, _table(("field", "bits", "type", "meaning"), rows)]


def _type(shape: Any) -> str:
    """Return a link to the type of a field, if it is one of these."""
    made = {name: one(*_MADE[one]) if one in _MADE else one for name, one in TYPES.items()}
    return next((f"[`{name}`](#{name.lower()})" for name, one in made.items()
                 if one is shape or isinstance(one, data.Layout) and one == shape), "")


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *rows])
