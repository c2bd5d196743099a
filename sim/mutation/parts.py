"""The parts of the project that there are mutants of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.toolchain.cache import name_of

from .kernel import mutants as kernel_mutants
from .kernel import run as kernel_run
from .mutant import Draw, Mutant
from .unit import mutants as unit_mutants
from .unit import run as unit_run


__all__ = ["PARTS", "Part"]


@dataclass(frozen=True)
class Part:
    """A part.

    Attributes
    ----------
    mutants : callable
        Draws its mutants. Raises :class:`sim.errors.Unavailable`.
    checks : mapping
        Its checks by name, the cheapest first, for :func:`.run.tried`.
    prepare : callable
        Makes, once, what all workers need. Raises :class:`sim.errors.Unavailable`.
    sources : sequence of :class:`str`
        Folders on whose files a result depends.
    """

    mutants: Callable[[Draw], Sequence[Mutant]]
    checks:  Mapping[str, Callable[[Draw, int], str]]
    prepare: Callable[[Draw], None]
    sources: Sequence[str]

    def digest(self) -> str:
        """A short name for all files that a result depends on."""
        return name_of(*_texts(self.sources))[:16]


def _texts(folders: Sequence[str]) -> Iterator[str]:
    top = Path(__file__).resolve().parents[2]
    for folder in folders:
        for file in sorted((top / folder).rglob("*")):
            if file.suffix in (".py", ".cc", ".h", ".toml", ".json"):
                yield str(file.relative_to(top))
                yield file.read_text(encoding="utf-8")


#: The parts by the names that the command line uses.
PARTS = {
    "hw": Part(unit_mutants.list_mutants, unit_run.CHECKS, unit_run.prepare,
               ("hw", "sim/golden", "sim/mutation", "sim/verification", "tests/hw")),
    "sw": Part(kernel_mutants.list_mutants, kernel_run.CHECKS, lambda draw: None,
               ("sw", "sim/golden", "sim/mutation", "sim/script", "sim/scripts", "tests/sw")),
}
