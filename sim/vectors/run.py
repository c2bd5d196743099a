"""Run of a file of access vectors: from lines in to lines out, batch by batch."""

from collections.abc import Callable, Iterator

from sim.output.files import lines, output

from .allowed import with_allowed
from .engines import VectorEngine
from .parser import MalformedLine, parse
from .renderer import render
from .sequence import AnyOutcome, AnyVector, SequenceOutcome, SequenceVector


__all__ = ["batches", "run"]


def run(source: str, target: str, engine: VectorEngine, progress: Callable[[int], None], *,
        allowed: bool = False) -> int:
    """Run the vectors in the file ``source``; write their outcomes to the file ``target``.

    With ``allowed`` each access of a sequence also has what the manual permits.

    ``progress`` is called with the number of vectors so far. Returns how many failed. Raises
    :class:`.parser.MalformedLine` for the first line that is not a vector, when the outcomes of
    those before it are written; :class:`sim.output.files.FileTrouble`; and
    :class:`sim.errors.Unavailable`.
    """
    count = failed = 0
    with output(target) as file:
        for vectors in batches(source, engine.batch):
            outcomes = engine.run(vectors)
            if allowed:
                outcomes = list(map(_with_allowed, vectors, outcomes))
            file.write("".join(map(render, vectors, outcomes)))
            count  += len(vectors)
            failed += sum(isinstance(outcome, str) for outcome in outcomes)
            progress(count)
    return failed


def _with_allowed(vector: AnyVector, outcome: AnyOutcome | str) -> AnyOutcome | str:
    if isinstance(vector, SequenceVector) and isinstance(outcome, SequenceOutcome):
        return with_allowed(vector, outcome)
    return outcome


def batches(source: str, size: int) -> Iterator[list[AnyVector]]:
    """Yield the vectors of a file in lists of ``size`` at most.

    Raises :class:`.parser.MalformedLine` at the first line that is none, when those before it are
    yielded, and :class:`sim.output.files.FileTrouble`.
    """
    number = 0
    for texts in lines(source, size):
        vectors: list[AnyVector] = []
        try:
            for text in texts:
                number += 1
                vectors.append(parse(number, text))
        except MalformedLine:
            yield vectors
            raise
        yield vectors
