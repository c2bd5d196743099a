"""The parts of the project that there are mutants of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.toolchain.cache import name_of

from .kernel import mutants as kernel_mutants
from .kernel import run as kernel_run
from .mutant import Draw, Mutant
from .survivors import SURVIVORS
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
    tests : :class:`str`
        Folder of the tests among its checks.
    tools : callable
        Versions of programs of others on which a result depends. Raises
        :class:`sim.errors.Unavailable`.
    """

    mutants: Callable[[Draw], Sequence[Mutant]]
    checks:  Mapping[str, Callable[[Draw, int], str]]
    prepare: Callable[[Draw], None]
    tests:   str
    tools:   Callable[[], Sequence[str]]

    def digest(self) -> str:
        """A short name for all that a result depends on. Raises :class:`.errors.Unavailable`."""
        return name_of(*self.tools(), *_texts(self.tests))[:16]


def _texts(tests: str) -> Iterator[str]:
    """Names and texts of the project's files, as far as a check may use them.

    What is said of survivors changes no result.
    """
    top    = Path(__file__).resolve().parents[2]
    folders = [top / name for name in ("hw", "sim", "sw", tests)]
    files   = [file for folder in folders for file in folder.rglob("*")]
    files  += (top / "tests").glob("*.py")
    for file in sorted(files):
        if file.suffix in (".py", ".cc", ".h", ".toml", ".json") and file.name != SURVIVORS:
            yield str(file.relative_to(top))
            yield file.read_text(encoding="utf-8")


#: The parts by the names that the command line uses.
PARTS = {
    "hw": Part(unit_mutants.list_mutants, unit_run.CHECKS, unit_run.prepare, "tests/hw",
               lambda: (unit_mutants.yosys_version(),)),
    "sw": Part(kernel_mutants.list_mutants, kernel_run.CHECKS, lambda draw: None, "tests/sw",
               lambda: ()),
}
