"""Results of mutants, as text and as JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sim.output.text import table, wrap

from .mutant import Draw, Mutant
from .results import PROOF, SURVIVED, Result
from .survivors import Survivor, known_survivor


__all__ = ["Report"]


#: Version of the JSON.
SCHEMA = 1


class Report:
    """Results of a draw of mutants.

    Parameters
    ----------
    part : :class:`str`
        Name of the part.
    draw : :class:`.mutant.Draw`
        The mutants that there are.
    mutants : sequence of :class:`.mutant.Mutant`
        Those that were tried.
    results : sequence of :class:`.results.Result`
        What has become of each.
    checks : sequence of :class:`str`
        The checks that were done.
    """

    def __init__(self, part: str, draw: Draw, mutants: Sequence[Mutant],
                 results: Sequence[Result], checks: Sequence[str]):
        self._part   = part
        self._draw   = draw
        self._tried  = list(zip(mutants, results, strict=True))
        self._checks = checks
        self._known  = {mutant.number: known_survivor(part, mutant) for mutant, result
                        in self._tried if result.check == SURVIVED}
        counts = Counter(result.check for result in results)
        self._killed     = {check: counts[check] for check in checks if check != PROOF}
        self._proven     = counts[PROOF]
        self._equivalent = sum(known is not None and known.equivalent
                               for known in self._known.values())

    @property
    def survivors(self) -> list[tuple[Mutant, Survivor | None]]:
        """Mutants that nothing has killed and that are not known to be equivalent."""
        return [(mutant, known) for mutant, result in self._tried if result.check == SURVIVED
                and not ((known := self._known[mutant.number]) and known.equivalent)]

    @property
    def score(self) -> float | None:
        """Share of mutants that were killed, of those that are not equivalent; None of none."""
        killed = sum(self._killed.values())
        all_   = killed + len(self.survivors)
        return killed / all_ if all_ else None

    def as_text(self) -> str:
        """All that is known, in paragraphs."""
        rows  = [(f"killed by {check}", f"{count:,}") for check, count in self._killed.items()]
        rows += [("equivalent, proven", f"{self._proven:,}")] if PROOF in self._checks else []
        rows += [("equivalent, by reasoning", f"{self._equivalent:,}"),
                 ("survived", f"{len(self.survivors):,}")]
        lines = wrap(f"{len(self._tried):,} of {self._draw.count:,} mutants of {self._part}, drawn "
                     f"from the seed {self._draw.seed}.", "")
        lines += ["", *table([("", "mutants"), *rows], indent="  ").splitlines(), ""]
        if self.score is not None:
            lines += wrap(f"Of those that are not equivalent, {100 * self.score:.1f} % are killed.",
                          "")
        for mutant, known in self.survivors:
            lines += ["", *wrap(f"{mutant.number}. {mutant.place}", ""),
                      *wrap(mutant.change, "  "), *(wrap(known.why, "  ") if known else ())]
        return "".join(f"{line}\n" for line in lines)

    def as_json(self) -> dict[str, Any]:
        """All that is known, as one object."""
        return {
            "schema":  SCHEMA,
            "part":    self._part,
            "drawn":   self._draw.count,
            "seed":    self._draw.seed,
            "checks":  list(self._checks),
            "killed":  self._killed,
            "proven":  self._proven,
            "equivalent": self._equivalent,
            "survived": len(self.survivors),
            "score":   self.score,
            "mutants": [self._told(mutant, result) for mutant, result in self._tried],
        }

    def _told(self, mutant: Mutant, result: Result) -> dict[str, Any]:
        known   = self._known.get(mutant.number)
        verdict = ("equivalent" if result.check == PROOF or known and known.equivalent
                   else "survived" if result.check == SURVIVED else "killed")
        return {"number": mutant.number, "place": mutant.place, "change": mutant.change,
                "verdict": verdict, "check": result.check or None,
                "words": known.why if known else result.words}
