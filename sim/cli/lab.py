"""`dragoncage lab`: make a page in which scenarios are played."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sim.errors import Unavailable
from sim.lab.make import parts, write_file, write_folder
from sim.lab.serve import serve
from sim.output.files import FileTrouble, print_out

from .usage import UsageError, path, whole_number, writable_file, writable_folder


__all__ = ["add", "lab_command"]


def add(commands: Any) -> None:
    """Add the arguments."""
    lab = commands.add_parser("lab", help=lab_command.__doc__, description=lab_command.__doc__)
    lab.add_argument("folder", nargs="?", metavar="DIR", type=path,
                     help="folder to make, for a web server (default: none; it is served here)")
    lab.add_argument("--single", metavar="FILE", type=path,
                     help="write one file instead, which a browser opens from wherever it lies")
    lab.add_argument("--pyodide", metavar="FILE", type=path,
                     help="archive of Pyodide (default: npm fetches it, once)")
    lab.add_argument("--port", type=whole_number(0, 65_535), default=0, metavar="N",
                     help="port to serve on, of the loopback address (default: any that is free)")
    lab.set_defaults(command=lab_command)


def lab_command(args: argparse.Namespace) -> int:
    """Make a page in which scenarios are played, in a browser; or serve it here."""
    if args.folder and args.single:
        raise UsageError("a lab is made as a folder, DIR, or as one file, --single; name one")
    folder = None if args.folder is None else writable_folder(args.folder, option="DIR")
    single = None if args.single is None else writable_file(args.single, option="--single")
    if args.port and (folder or single):
        raise UsageError("--port is of a lab that is served here; leave it out")
    try:
        found = parts(lambda doing: _tell(f"lab: {doing}"), lambda lacking: _tell(
            f"lab: {lacking}"), pyodide_file=args.pyodide)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    if single is not None:
        write_file(single, found)
        print_out(f"lab: {single}; open it in a browser\n")
    elif folder is not None:
        _make(folder, found)
        print_out(f"lab: {folder}; put it on any web server\n")
    else:
        with TemporaryDirectory() as made:
            _make(Path(made), found)
            try:
                serve(Path(made), args.port, lambda url: print_out(f"lab: {url}\n"))
            except OSError as error:
                raise UsageError(f"--port {args.port}: {error.strerror}") from error
    return 0


def _make(folder: Path, found: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_folder(folder, found)
    except (FileTrouble, OSError) as error:
        raise UsageError(f"DIR {folder}: {error}; name another folder") from error


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
