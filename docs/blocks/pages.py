"""Pages of the blocks: out of docstrings, signatures, rules, tests, proofs and timing diagrams."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial

from docs.timing.registry import DIAGRAMS
from docs.timing.stories import UNIT
from sim.proofs.registry import PROPERTIES
from sim.verilog.docstrings import docstring_of, entries_of
from tests.hw.blocks_support import TESTED_IN

from .catalog import BLOCKS, Block
from .markdown import cell, paragraphs, wrapped
from .ports import Port, ports_of
from .rules import heading_of, rules_of
from .types import TYPES, types_page


__all__ = ["PAGES"]


#: Targets of references to blocks and types, by their names.
LINKS: Mapping[str, str] = {block.name: f"{block.page}.md" for block in BLOCKS} | {
    name: f"types.md#{name.lower()}" for name in TYPES}


def _page(block: Block) -> str:
    """Return the page of a block."""
    told  = docstring_of(block.component)
    rules = re.sub(r"\s*\bRules? \d+(,\s+\d+)*\.(?=\s*(\n\n|$))", "", told.body)
    body, _, source = rules.partition("Ref: ")
    parts = [
        "<!-- Written by `python -m docs.blocks`, out of the code. -->",
        f"# {block.name}",
        paragraphs(told.summary, LINKS),
        paragraphs(body, LINKS),
        wrapped(f"[`{block.path}`](../../{block.path}), class `{block.name}`."
                + (f" Reference: {' '.join(source.split())}" if source else "")),
        *_parameters(block),
        "## Ports", _ports(block),
        "## Latency", paragraphs(told.sections["Latency"], LINKS),
        *_timing(block),
        *_rules(block),
        "## Tests and proofs", *_checks(block),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parameters(block: Block) -> list[str]:
    entries = entries_of(block.component, "Parameters")
    if not entries:
        return []
    rows = [f"| {', '.join(f'`{name}`' for name in entry.names)} | {cell(entry.text, LINKS)} |"
            for entry in entries]
    return ["## Parameters", "\n".join(["| parameter | meaning |", "|---|---|", *rows])]


def _ports(block: Block) -> str:
    """Return the table of ports."""
    rows = [f"| {_column(ports, 'name')} | {_column(ports, 'direction')} "
            f"| {_column(ports, 'shape')} | {_column(ports, 'bits')} | {cell(text, LINKS)} |"
            for ports, text in ports_of(block)]
    return "\n".join([
        wrapped(f"Bits are those of {block.shown}; of a stream, those of its payload. An interface "
                "that is `in` is the flipped one."), "",
        "| port | direction | shape | bits | meaning |", "|---|---|---|---|---|", *rows])


def _column(ports: list[Port], name: str) -> str:
    """Return a cell of ports that are explained together, a line for each."""
    lines = []
    for port in ports:
        value = getattr(port, name)
        if name == "direction":
            lines.append(value)
        elif name == "shape":
            lines.append(_shape(value))
        elif name == "bits":
            lines.append("" if value is None else str(value))
        else:
            lines.append(f"`{value}`")
    return "<br>".join(lines)


def _shape(spelt: str) -> str:
    """Return a shape for a cell, with a link to what it is made of."""
    stream = re.fullmatch(r"stream\.Signature\((.+?)(, always_ready=True)?\)", spelt)
    if stream:
        return f"stream of {_shape(stream[1])}" + (", always ready" if stream[2] else "")
    linked = next((word for word in re.findall(r"\w+", spelt) if word in LINKS), None)
    return f"[`{spelt}`]({LINKS[linked]})" if linked else f"`{spelt}`"


def _timing(block: Block) -> list[str]:
    """Return the diagrams, each with what its story says."""
    parts = ["## Timing"]
    for name in block.diagrams:
        diagram = DIAGRAMS[name]
        told    = docstring_of(diagram.story)
        parts += [paragraphs(told.summary, LINKS),
                  f"![{diagram.title}](../timing/{name}.svg)",
                  paragraphs(told.body, LINKS)]
    if set(block.diagrams) & set(UNIT):
        parts.append("Further diagrams of these ports are on [their page](../timing.md).")
    return parts


def _rules(block: Block) -> list[str]:
    """Return the table of rules that the block keeps, if there are some."""
    rows = []
    for number, places in rules_of(block.path).items():
        heading, anchor = heading_of(number)
        kept = ", ".join(f"`{name}`" + (f" of `{path}`" if path != block.path else "")
                         for path, name in places)
        rows.append(f"| [{heading}](../paging-rules.md#{anchor}) | {kept} |")
    if not rows:
        return []
    return ["## Rules", "\n".join(["| rule | kept by |", "|---|---|", *rows])]


def _checks(block: Block) -> list[str]:
    """Return what the block is tested by, and what is proven of it."""
    files = ", ".join(f"`tests/hw/{name}.py`" for name in sorted(
        TESTED_IN[block.path.removeprefix("hw/").removesuffix(".py")]))
    rows  = [f"| `{one.name}` | {one.says} | {one.method.value} |" for one in PROPERTIES.values()
             if one.block == block.component.__module__ or one.name in block.proven_with]
    parts = [wrapped(f"Tests: {files}.")]
    if rows:
        parts += [wrapped("Proven by `dragoncage prove`, to the extent that "
                          "[its page](../proofs.md) says:"),
                  "\n".join(["| property | sentence | method |", "|---|---|---|", *rows])]
    else:
        parts.append("Of it alone nothing is [proven](../proofs.md).")
    return parts


def _index() -> str:
    """Return the page that leads to all of them."""
    rows = [f"| [{block.name}](blocks/{block.page}.md) | {cell(_summary(block), {})} |"
            for block in BLOCKS]
    return INTRODUCTION + "\n".join(["| block | purpose |", "|---|---|", *rows]) + "\n"


def _summary(block: Block) -> str:
    return docstring_of(block.component).summary


INTRODUCTION = inspect.cleandoc("""
    <!-- Written by `python -m docs.blocks`, out of the code. -->

    # Blocks of the unit

    A page for each block, from its code: its ports out of signature and docstring, how long it
    takes, a timing diagram of a run, the rules of paging that it keeps, its tests and proofs. What
    goes over the ports is on [the page of types](blocks/types.md). `python -m docs.blocks` writes
    the pages; a test compares.

    ```text
                  access                                         control
                    |                                               |
              +-----v------+   page, find    +-----+   forget   +---v-----+
              | Translator |---------------->| Tlb |<-----------| Control |
              |            |<----------------|     |            |         |
              +-----+------+  candidates     +--+--+            +---+-----+
                    | result                    | walk              | PDPTEs
              +-----v--------+              +---v----+              |
              | TransferUnit |              | Walker |              |
              +-----+--------+              +---+----+              |
                    |                           |                   |
                    +-------------+-------------+-------------------+
                                  | memory
    ```

    `Tlb` has a first level (`FirstLevel`, or `BlockFirstLevel`), and a second (`SecondLevel`, made
    of arrays, `CacheArray`), whose rows count by the stamps of `StampBank`. `Walker` has `Updater`
    in it, `Control` has `PdpteLoader` and `Invalidator`. The adapters, the arbiter and the
    interrupts are outside of the unit. What the ports of the whole do is on [a page of its
    own](timing.md), too.
""") + "\n\n"


#: All pages, by their paths from the folder of the documentation; each is written by a call.
PAGES: Mapping[str, Callable[[], str]] = {
    "blocks.md": _index, "blocks/types.md": partial(types_page, LINKS),
    **{f"blocks/{block.page}.md": partial(_page, block) for block in BLOCKS}}
