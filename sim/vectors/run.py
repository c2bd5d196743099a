"""From lines of access vectors to lines of outcomes, batch by batch."""

from collections.abc import Callable, Iterator

from sim.output.files import lines, output

from .engines import VectorEngine
from .renderer import MalformedLine, parse, render
from .vector import Vector


__all__ = ["answer"]


def answer(
    source: str, target: str, engine: VectorEngine, progress: Callable[[int], None],
) -> int:
    """Do the vectors in the file ``source``; write what becomes of them to the file ``target``.

    ``progress`` is called with the number of vectors done. Returns how many could not be done.
    Raises :class:`MalformedLine` for the first line that is not a vector, when those before it are
    answered; :class:`sim.output.files.FileTrouble`; and :class:`sim.errors.Unavailable`.
    """
    done = undone = 0
    with output(target) as file:
        for vectors in _batches(source, engine.batch):
            outcomes = engine.run(vectors)
            file.write("".join(map(render, vectors, outcomes)))
            done   += len(vectors)
            undone += sum(isinstance(outcome, str) for outcome in outcomes)
            progress(done)
    return undone


def _batches(source: str, size: int) -> Iterator[list[Vector]]:
    """The vectors, in lists of ``size`` at most; raises at the first line that is none."""
    number = 0
    for texts in lines(source, size):
        vectors: list[Vector] = []
        try:
            for text in texts:
                number += 1
                vectors.append(parse(number, text))
        except MalformedLine:
            yield vectors
            raise
        yield vectors
