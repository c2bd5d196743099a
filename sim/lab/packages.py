"""The packages that a page has with it: the project's, and those that it imports."""

import io
import zipfile
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path


__all__ = ["archive"]


#: Packages of the project.
OURS = ("dragoncage", "hw", "sw", "sim")

#: Endings of files of ours that a player reads: programs, and what the digest of machines is of.
KINDS = (".py", ".cc", ".h")

#: Parts of ours that do nothing in a page: they run programs of others, or are the page itself.
LEFT_OUT = ("sim/cli", "sim/page/web", "sim/verification", "sim/benchmark", "sim/lab/web")

#: Packages of others, which Amaranth and pyvcd need.
OTHERS = ("amaranth", "vcd", "jinja2", "markupsafe", "jschon", "rfc3986", "idna")

#: Distributions whose version somebody asks for.
ASKED = ("amaranth",)

#: The oldest date that an archive can name: all files have it, so that equal ones make equal bytes.
DATE = (1980, 1, 1, 0, 0, 0)


def archive() -> bytes:
    """The packages as a zip, with their sources; the same files give the same bytes."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted({**dict(_ours()), **dict(_others())}.items()):
            packed.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED)
    return found.getvalue()


def _ours() -> Iterator[tuple[str, bytes]]:
    for name in OURS:
        for path in import_module(name).__path__:
            root = Path(path)
            for file in root.rglob("*"):
                inside = f"{name}/{file.relative_to(root).as_posix()}"
                if file.suffix in KINDS and not inside.startswith(LEFT_OUT):
                    yield inside, file.read_bytes()


def _others() -> Iterator[tuple[str, bytes]]:
    for name in OTHERS:
        for path in import_module(name).__path__:
            root = Path(path)
            for file in root.rglob("*"):
                # What is compiled is for another processor, and each has a substitute in Python.
                if file.is_file() and file.suffix not in (".pyc", ".so", ".pyi"):
                    yield f"{name}/{file.relative_to(root).as_posix()}", file.read_bytes()
    for name in ASKED:
        about = distribution(name)
        yield (f"{name}-{about.version}.dist-info/METADATA",
               f"Metadata-Version: 2.1\nName: {name}\nVersion: {about.version}\n".encode())
