"""The matrix as a page for a browser: one table, each cell with what it cost."""

from collections.abc import Iterator
from html import escape

from .cell import NO_WAY, Cell
from .play import Matrix
from .text import word_for
from .ways import WAYS


__all__ = ["as_html"]


STYLE = """
:root { color-scheme: light dark; --line: #8884; --done: #2a7d3c; --not: #b3402f; --dim: #767676; }
@media (prefers-color-scheme: dark) {
  :root { --done: #6fcf85; --not: #ff8f7a; --dim: #9a9a9a; }
}
body { font: 16px/1.45 system-ui, sans-serif; margin: 1.5rem; }
h1 { font-size: 1.3rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left;
  vertical-align: top; white-space: nowrap; }
thead th { position: sticky; top: 0; background: Canvas; }
small { display: block; color: var(--dim); font-variant-numeric: tabular-nums; }
.done b { color: var(--done); }
.refused b { color: var(--not); }
dt { font-weight: 600; margin-top: .4rem; }
"""


def as_html(matrix: Matrix) -> str:
    """One document, which asks for nothing else."""
    return "\n".join(_lines(matrix)) + "\n"


def _lines(matrix: Matrix) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; """ \
          """style-src 'unsafe-inline'">"""
    yield f"<title>Every way to write</title><style>{STYLE}</style>"
    yield "<main><h1>Every way to write, against every kind of memory</h1>"
    yield (f"<p>Played on the engine {escape(matrix.engine)}, mode {escape(matrix.mode)}. Below "
           "each outcome: faults, shootdowns, cycles.</p>")
    yield '<div tabindex="0" role="region" aria-label="The matrix"><table><thead><tr><td></td>'
    yield from (f'<th scope="col">{escape(column.name)}</th>' for column in matrix.columns)
    yield "</tr></thead><tbody>"
    for way in WAYS:
        yield f'<tr><th scope="row">{escape(way.name)}</th>'
        yield from (_cell(matrix.cells[way.name, column.name]) for column in matrix.columns)
        yield "</tr>"
    yield "</tbody></table></div><dl>"
    for name, meaning in [*((way.name, way.meaning) for way in WAYS),
                          *((column.name, column.meaning) for column in matrix.columns)]:
        yield f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>"
    yield "</dl></main></html>"


def _cell(cell: Cell) -> str:
    if cell.outcome == NO_WAY:
        return "<td>no such way</td>"
    kind = "done" if cell.outcome == "done" else "refused"
    cost = f"faults {cell.faults}, shootdowns {cell.shootdowns}, cycles {cell.cycles}"
    seen = f"read by {' and '.join(cell.visible)}" if cell.visible else "read by nobody"
    return (f'<td class="{kind}"><b>{escape(word_for(cell))}</b>'
            f"<small>{cost}</small><small>{seen}</small></td>")
