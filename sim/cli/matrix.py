"""`dragoncage matrix`: every way to write, against every kind of memory."""

import argparse
from typing import Any

from sim.errors import Unavailable, Unsuited
from sim.matrix.conditions import CONDITIONS
from sim.matrix.html import as_html
from sim.matrix.json import as_json
from sim.matrix.memory import MEMORY
from sim.matrix.play import COLUMNS, played
from sim.matrix.text import as_text
from sim.matrix.ways import WAYS
from sim.output.files import print_out, written
from sim.output.names import others
from sim.output.progress import Progress

from .again import TRACED
from .choice import add_unit_and_kernel, unit_and_kernel
from .usage import UsageError, path


__all__ = ["add", "matrix_command"]


#: There are two processors, and some hundred thousand cycles.
ENGINE = "cxxrtl"

#: Columns that stand for several.
GROUPS = {"memory": [memory.name for memory in MEMORY], "conditions": [*CONDITIONS],
          "all": [*COLUMNS]}


def add(commands: Any) -> None:
    """Add the arguments."""
    matrix = commands.add_parser("matrix", help=matrix_command.__doc__,
                                 description=matrix_command.__doc__)
    matrix.add_argument("--columns", type=_columns, metavar="NAME,...", default=GROUPS["memory"],
                        help=f"kinds of memory: {', '.join(GROUPS['memory'])} (default: these); "
                             "or the first of them under a condition: "
                             f"{', '.join(CONDITIONS)}; or {', '.join(GROUPS)}")
    add_unit_and_kernel(matrix)
    matrix.add_argument("--engine", choices=TRACED, default=ENGINE,
                        help=f"engine that runs the machine (default: {ENGINE}; pysim needs no "
                             "compiler, and minutes)")
    matrix.add_argument("--report", type=path, metavar="FILE",
                        help="write the matrix as a page for a browser, too")
    matrix.add_argument("--json", action="store_true", help="print JSON")
    matrix.set_defaults(command=matrix_command)


def matrix_command(args: argparse.Namespace) -> int:
    """Play every way to write, and print what it did to which memory."""
    columns = [COLUMNS[name] for name in args.columns]
    options = {"shipped": True} if args.engine == "cxxrtl" else {}
    with Progress("boot", unit="cells", total=len(columns) * len(WAYS)) as progress:
        def begun(cell: str, number: int) -> None:
            progress.part(cell)
            progress.count(number)

        try:
            matrix = played(columns, unit_and_kernel(args, **options), begun=begun)
        except Unavailable as error:
            raise UsageError(f"{error}; or choose --engine pysim, which takes minutes") from error
        except Unsuited as error:
            raise UsageError(str(error)) from error
    if args.report is not None:
        with written(args.report) as [file]:
            file.write(as_html(matrix))
    print_out(as_json(matrix) if args.json else as_text(matrix))
    return 0


def _columns(text: str) -> list[str]:
    """Read names of columns, and of groups of them."""
    names: list[str] = []
    for word in text.split(","):
        if word not in COLUMNS and word not in GROUPS:
            near = others(word, [*COLUMNS, *GROUPS])
            raise argparse.ArgumentTypeError(f'there is no column "{word[:40]}"'
                                             + (f"; {near}" if near else ""))
        names += [name for name in GROUPS.get(word, [word]) if name not in names]
    return names
