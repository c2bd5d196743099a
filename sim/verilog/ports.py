"""Ports of a component, their fields, and what the docstrings of their signatures say of them."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth import Shape
from amaranth.lib import data, enum, wiring

from .docstrings import comments_of, entries_of


__all__ = ["Field", "Port", "interfaces", "port_names", "ports", "summary"]


@dataclass(frozen=True)
class Field:
    """Bits of a packed port: ``name``, with dots if it is nested, and what is said of it."""

    name:   str
    offset: int
    width:  int
    text:   str


@dataclass(frozen=True)
class Port:
    """A port of the module: into it or out of it, so many bits wide, with what is packed in it.

    ``texts`` say what it is, from the outermost member of the signature on.
    """

    name:   str
    into:   bool
    width:  int
    fields: tuple[Field, ...]
    texts:  tuple[str, ...]


def port_names(component: Any) -> dict[tuple[str | int, ...], str]:
    """Names of the ports in Verilog, by their paths through the signature, in its order.

    A name is the path, joined by underscores: ``access_request_payload``. They are single ones,
    for two in a row are no identifier in VHDL, and ``___05F`` in what Verilator makes of them.
    Raises :class:`ValueError` if two paths make one name.
    """
    names: dict[tuple[str | int, ...], str] = {}
    paths: dict[str, tuple[str | int, ...]] = {}
    for path, _, _ in component.signature.flatten(component):
        name  = names[path] = "_".join(map(str, path))
        other = paths.setdefault(name, path)
        if other != path:
            raise ValueError(f"two ports would be called {name}: {_dotted(other)} and "
                             f"{_dotted(path)}")
    return names


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def ports(component: Any) -> list[Port]:
    """The ports of a component, but for clock and reset."""
    names = port_names(component)
    return [
        Port(names[path], member.flow is wiring.In, Shape.cast(member.shape).width,
             tuple(_fields(member.shape)), tuple(_texts(component, path)))
        for path, member, _ in component.signature.flatten(component)
    ]


def interfaces(component: Any) -> list[type]:
    """The classes of the signatures of its ports, each once, in their order."""
    found: dict[type, None] = {}
    for path, _, _ in component.signature.flatten(component):
        found |= dict.fromkeys(_owners(component, path)[1:])
    return list(found)


def summary(owner: type) -> str:
    """Summary of a docstring: the text before its first section."""
    text = inspect.getdoc(owner) or ""
    return _plain(re.split(r"\n\n(?:Ref:|[A-Z]\w+\n-+\n)", text)[0])


def _owners(component: Any, path: tuple[str, ...]) -> list[type]:
    """Classes whose docstrings tell of the members on a path: the component's, signatures'."""
    owners, signature = [type(component)], component.signature
    for name in path[:-1]:
        signature = signature.members[name].signature
        flipped = isinstance(signature, wiring.FlippedSignature)
        owners.append(type(signature.flip() if flipped else signature))
    return owners


def _texts(component: Any, path: tuple[str, ...]) -> Iterator[str]:
    for name, owner in zip(path, _owners(component, path), strict=True):
        if owner.__module__.partition(".")[0] != "amaranth":  # a stream tells too much
            yield _members(owner)[name]


def _members(owner: type) -> dict[str, str]:
    """Section "Members" of a docstring, name by name."""
    return {name: _plain(", ".join(entry.names) + ": " + entry.text if len(entry.names) > 1
                         else entry.text)
            for entry in entries_of(owner, "Members") for name in entry.names}


def _plain(text: str) -> str:
    """A text without the marks of reStructuredText, in one line."""
    text = re.sub(r":[\w:]+:`(?:[^`]*\.)?([^`]+)`", r"\1", text)
    return " ".join(text.replace("``", "").split())


def _fields(shape: Any, name: str = "", offset: int = 0, text: str = "") -> Iterator[Field]:
    """The fields of a packed shape, those of nested ones too."""
    layout = _layout(shape)
    if layout is not None:
        said = comments_of(shape) if isinstance(shape, type) else {}
        for key, field in layout:
            inner = f"{name}.{key}" if name else str(key)
            yield from _fields(field.shape, inner, offset + field.offset,
                               _plain(said.get(key, "")))
    elif name:
        values = ", ".join(f"{member.name}={member.value}" for member in shape) \
            if isinstance(shape, enum.EnumType) else ""
        yield Field(name, offset, Shape.cast(shape).width, " ".join(filter(None, (text, values))))


def _layout(shape: Any) -> data.Layout | None:
    try:
        return data.Layout.cast(shape)
    except TypeError:
        return None
