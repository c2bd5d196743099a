"""Workers that work here, and results that are made up."""

from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass

from sim.explore.pool import Pool
from sim.mutation.mutant import Draw
from sim.mutation.report import Report
from sim.mutation.results import PROOF, SURVIVED, Result


__all__ = ["MadeUp", "document_with_a_survivor", "pool_of_this_process", "report"]


class _Here(Executor):
    def submit(self, function, /, *arguments, **options):
        done = Future()
        done.set_result(function(*arguments, **options))
        return done


@contextmanager
def pool_of_this_process(jobs=1):
    """A pool that does each call at once, without processes or threads."""
    yield Pool(iter([_Here()]), jobs)


@dataclass(frozen=True)
class MadeUp:
    """A mutant of nothing."""

    number: int

    @property
    def place(self):
        return f"sw/nowhere.py:{self.number}"

    @property
    def change(self):
        return f"{self.number} becomes {self.number + 1}"

    @property
    def netlist(self):
        return "that one"


def report():
    """A report of one mutant of each kind."""
    return Report("hw", Draw(9, 4), [MadeUp(number) for number in (1, 2, 3)], [
        Result(1, "vectors", "case 7: another outcome"), Result(2, PROOF, "the same"),
        Result(3, SURVIVED, "")], ["vectors", PROOF])


def document_with_a_survivor():
    """Its JSON."""
    return report().as_json()
