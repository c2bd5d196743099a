"""The document: all that a page shows of a run, as values that JSON has.

Its keys are told in docs/page-document.md. Nothing is left for a reader to derive but which item
of a list is the last one at or before a cycle.
"""

from itertools import chain
from typing import Any

from sim.golden.reserved import levels
from sim.paging.versions import Versions
from sim.paging.walk import control_state, features_of
from sim.record.history import MemoryHistory
from sim.record.interval import Interval
from sim.record.viewed import Viewed
from sim.scenario.json import run_as_json
from sim.scenario.run import Run
from sim.scenario.stage import Stage

from .calls import calls
from .evidence import Evidence
from .frames import frame
from .numbered import numbers
from .records import FAULTS, KINDS, functions_of, interrupts, records, tlb_entries, tlb_entry
from .stale import stale_intervals
from .stops import stops
from .story import Places, Story
from .subjects import Command, subject, walks_of
from .tables import entry_stores, rows
from .waves import waves


__all__ = ["SCHEMA", "document"]


#: Version of the document. It changes when a key goes or gets another meaning.
SCHEMA = 1


def document(run: Run, stage: Stage, viewed: Viewed,
             command: Command | None = None) -> dict[str, Any]:
    """The document of a run that is over; ``command`` names what shows a walk elsewhere."""
    traces, acts = stage.traces, stage.acts
    history      = MemoryHistory(traces)
    versions     = Versions(traces, history, features_of(stage.config))
    story        = Story(stage, Evidence(stage, history))

    # First, whole, all that others name by its number: what follows only looks it up.
    functions = numbers(functions_of(traces))
    entries   = numbers(tlb_entries(traces))
    subjects  = numbers(story.subjects)
    walks     = walks_of(subjects, entries, versions)
    frames    = numbers(chain(story.frames, walks.frames))
    places    = Places(subjects, frames)

    stale     = stale_intervals(traces, versions)
    stores    = entry_stores(traces, history, _entry_size(stage), walks.entries)
    sent      = interrupts(traces)
    return {
        "schema":      SCHEMA,
        "run":         run_as_json(run),
        "cpus":        len(traces),
        "kinds":       KINDS,
        "faults":      FAULTS,
        "traces":      [records(trace, functions, entries, cpu)
                        for cpu, trace in enumerate(traces)],
        "tlb_entries": [tlb_entry(entry, stale[cpu, entry]) for cpu, entry in entries],
        "stores":      rows(stores, functions, walks.entries),
        "interrupts":  [list(interrupt) for interrupt in sent],
        "subjects":    [subject(path, walked, stage.kernel.paging.TASK_SIZE, command)
                        for path, walked in zip(subjects, walks.versions, strict=True)],
        "walks":       walks.shown,
        "frames":      [frame(physical, history, functions) for physical in frames],
        "claims":      story.claims(places),
        "acts":        [{**places(paths), "functions": [
                            *chain.from_iterable(calls(
                                trace, cpu, Interval(act.since, act.until), paths, stores,
                                functions, walks.entries) for cpu, trace in enumerate(traces))]}
                        for act, paths in zip(acts, story.main, strict=True)],
        "hero":        story.hero(places),
        "waves":       waves(viewed, stage.config.tlb_entries),
        "functions":   list(functions),
        "stops":       stops(acts, traces, stores, sent),
    }


def _entry_size(stage: Stage) -> int:
    """Bytes of a paging-structure entry in the mode in which the run ended."""
    state = control_state(stage.trace, stage.trace.cycles - 1, features_of(stage.config))
    return levels(state)[0].entry_size
