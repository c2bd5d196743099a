"""The matrix as text: what came of each way, then what each cost."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sim.output.text import columns, table, wrap

from .cell import NO_WAY, Cell
from .play import Matrix
from .ways import WAYS


__all__ = ["as_text", "word_for"]


#: Words for what was done, by who sees it.
_DONE = {frozenset({"process"}):           "done",
         frozenset({"process", "object"}): "done+",
         frozenset({"object"}):            "done*",
         frozenset():                      "lost"}


def as_text(matrix: Matrix) -> str:
    """Tables of outcomes, and of costs where something was done; and what their words mean."""
    return "\n".join([
        *_tables(matrix, word_for),
        *wrap("Of what was done: faults (calls of handle_mm_fault), shootdowns, cycles", ""), "",
        *_tables(matrix, _cost),
        *_meanings((way.name, way.meaning) for way in WAYS),
        *_meanings((column.name, column.meaning) for column in matrix.columns),
        *wrap("done: the process reads the new word; done+: so does whoever has mapped the same "
              "object; done*: only the latter does; SEGV, oops: with the error code of the page "
              f"fault; {NO_WAY}: there is no such way.", "", "  "), ""])


def word_for(cell: Cell) -> str:
    """The outcome of a cell in one word, or two."""
    if cell.outcome == "done":
        return _DONE[frozenset(cell.visible)]
    if cell.error_code is not None and cell.outcome in ("SIGSEGV", "oops"):
        return f"{cell.outcome.removeprefix('SIG')} {cell.error_code:x}"
    return cell.outcome


def _cost(cell: Cell) -> str:
    if cell.outcome != "done":
        return NO_WAY
    return f"{cell.faults} {cell.shootdowns} {cell.cycles}"


def _tables(matrix: Matrix, word: Callable[[Cell], str]) -> Iterator[str]:
    """One table below the other, each with as many columns as a line has room for."""
    heads = ["", *(way.name for way in WAYS)]
    found = [[column.name, *(word(matrix.cells[way.name, column.name]) for way in WAYS)]
             for column in matrix.columns]
    for part in _lines(found, columns() - max(map(len, heads))):
        yield table([*zip(heads, *part, strict=True)])


def _lines(found: Sequence[list[str]], room: int) -> Iterator[list[list[str]]]:
    """Split columns so that each part, with two blanks before each column, has ``room``."""
    part: list[list[str]] = []
    left = room
    for column in found:
        width = 2 + max(map(len, column))
        if part and width > left:
            yield part
            part, left = [], room
        part.append(column)
        left -= width
    yield part


def _meanings(words: Iterable[tuple[str, str]]) -> list[str]:
    return [*(line for name, meaning in words for line in wrap(f"{name}: {meaning}", "", "  ")), ""]
