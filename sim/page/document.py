"""The document: all that a page shows of a run, as values that JSON has.

Its keys are told in docs/page-document.md. Nothing is left for a reader to derive but which item
of a list is the last one at or before a cycle.
"""

from typing import Any

from sim.golden.reserved import levels
from sim.paging.walk import control_state, features_of
from sim.record.history import MemoryHistory
from sim.record.interval import Interval
from sim.record.tlb import TlbEntry
from sim.record.viewed import Viewed
from sim.scenario.json import run_as_json
from sim.scenario.run import Run
from sim.scenario.stage import Stage

from .calls import calls
from .evidence import Evidence, Path
from .frames import frame
from .numbered import Numbered
from .records import FAULTS, KINDS, interrupts, records, tlb_entry
from .stale import stale_intervals
from .stops import stops
from .story import Story
from .subjects import Subjects
from .tables import entry_stores, rows
from .waves import waves


__all__ = ["SCHEMA", "document"]


#: Version of the document. It changes when a key goes or gets another meaning.
SCHEMA = 1


def document(run: Run, stage: Stage, viewed: Viewed) -> dict[str, Any]:
    """The document of a run that is over."""
    traces    = stage.traces
    features  = features_of(stage.config)
    history   = MemoryHistory(traces)
    functions = Numbered[str]("")
    entries   = Numbered[tuple[int, TlbEntry]]()
    frames    = Numbered[int]()
    subjects  = Subjects(traces, history, features, stage.kernel.paging.TASK_SIZE)
    story     = Story(stage, Evidence(stage, history), subjects, frames)
    claims, hero = story.claims(), story.hero()
    acts: list[dict[str, Any]] = [{**story.numbers(paths)} for paths in story.main]
    walked    = subjects.subjects()
    recorded  = [records(trace, functions, entries, cpu) for cpu, trace in enumerate(traces)]
    stale     = stale_intervals(traces, history, features)
    for cpu, entry in entries.things:
        subjects.learn(Path(cpu, entry.linear), entry.filled)
    stores    = entry_stores(traces, history, _entry_size(stage), subjects.known)
    for act, paths, told in zip(stage.acts, story.main, acts, strict=True):
        told["functions"] = [call for cpu, trace in enumerate(traces) for call in calls(
            trace, cpu, Interval(act.since, act.until), paths, stores, functions, subjects.known)]
    found = {
        "schema":      SCHEMA,
        "run":         run_as_json(run),
        "cpus":        len(traces),
        "kinds":       KINDS,
        "faults":      FAULTS,
        "traces":      recorded,
        "tlb_entries": [tlb_entry(entry, stale[cpu, entry]) for cpu, entry in entries.things],
        "stores":      rows(stores, functions, subjects.known),
        "interrupts":  interrupts(traces),
        "subjects":    walked,
        "walks":       subjects.walks(),
        "frames":      [frame(physical, history, functions) for physical in frames.things],
        "claims":      claims,
        "acts":        acts,
        "hero":        hero,
        "waves":       waves(viewed, stage.config.tlb_entries),
        "functions":   functions.things,
    }
    return {**found, "stops": stops(found)}


def _entry_size(stage: Stage) -> int:
    """Bytes of a paging-structure entry in the mode in which the run ended."""
    state = control_state(stage.trace, stage.trace.cycles - 1, features_of(stage.config))
    return levels(state)[0].entry_size
