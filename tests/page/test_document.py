"""The document of a run: in any cycle it says what the record says."""

import json
import re
from pathlib import Path
from random import Random

import pytest
from tests.json_support import documented, paths
from tests.page.page_support import at, played, tlb_at

from sim.page.document import SCHEMA
from sim.paging.flags import cached_rights_text
from sim.paging.json import as_json
from sim.paging.walk import features_of, outdated, page_walk
from sim.record.history import MemoryHistory


pytestmark = pytest.mark.slow


@pytest.fixture(params=[("article", "4level"), ("article", "32bit"), ("article", "pae"),
                        ("article", "5level"), ("shootdown", "4level"), ("race", "4level")],
                ids="-".join, scope="module")
def case(request):
    """A run, played, with its document."""
    return played(*request.param)


def cycles(case, count=200):
    """Cycles here and there, and all around the claims."""
    last = case.stage.trace.cycles - 1
    near = {claim["cycle"] + step for claim in case.document["claims"]
            if claim["cycle"] is not None for step in (-1, 0, 1)}
    return sorted(cycle for cycle in {*near, *Random(1).sample(range(last), count)}
                  if cycle <= last)


def test_each_subject_is_walked_as_of_the_cycle(case):
    found, stage = case.document, case.stage
    history, features = MemoryHistory(stage.traces), features_of(stage.config)
    assert found["subjects"]
    for subject in found["subjects"]:
        cr3   = int(subject["cr3"], 16)
        since = subject["walks"][0][0]
        assert since == min(state.cycle for trace in stage.traces for state in trace.states
                            if state.cr3 == cr3)
        for cycle in cycles(case):
            if cycle < since:
                continue
            walk = as_json(page_walk(stage.traces, history, int(subject["linear"], 16), cr3=cr3,
                                     cycle=cycle, cpu=subject["cpu"], features=features))
            assert found["walks"][at(subject["walks"], cycle)[1]] == {
                name: value for name, value in walk.items()
                if name not in ("linear", "cycle", "cpu")}


def test_the_tlb_holds_what_it_held_and_stale_is_what_memory_says_otherwise(case):
    found, stage = case.document, case.stage
    history, features = MemoryHistory(stage.traces), features_of(stage.config)
    # Few cycles have a stale translation: those in which one begins or ends are looked at, too.
    turns = {cycle + step for entry in found["tlb_entries"] for interval in entry["stale"]
             for cycle in interval for step in (-1, 0)} & {*range(stage.cycle)}
    stale = 0
    for cpu, trace in enumerate(stage.traces):
        for cycle in {*cycles(case), *turns}:
            held = [found["tlb_entries"][number] for number in tlb_at(found, cpu, cycle)]
            assert [(int(entry["linear"], 16), int(entry["physical"], 16), entry["size"],
                     entry["rights"], entry["level"], entry["filled"]) for entry in held] == [
                (entry.linear, entry.physical, entry.size, cached_rights_text(entry),
                 entry.level, entry.filled) for entry in trace.tlb_at(cycle)]
            for entry, record in zip(held, trace.tlb_at(cycle), strict=True):
                walk = page_walk(stage.traces, history, int(entry["linear"], 16), cycle=cycle,
                                 cpu=cpu, features=features)
                said = any(since <= cycle < until for since, until in entry["stale"])
                # One of another PCID is not in use.
                used = record.serves(record.linear, walk.state.pcid)
                assert said is (used and outdated(record, walk.translation))
                assert walk.cached != record or said is walk.stale
                stale += said
    assert stale or case.run.scenario == "race"


def test_registers_and_functions_are_those_of_the_cycle(case):
    for cpu, trace in enumerate(case.stage.traces):
        found = case.document["traces"][cpu]
        for cycle in cycles(case):
            state = trace.state_at(cycle)
            shown = at(found["states"], cycle)[1]
            assert {name: int(value, 16) if isinstance(value, str) else value
                    for name, value in shown.items()} == {
                name: getattr(state, name) for name in shown}
            names = tuple(case.document["functions"][number]
                          for number in at(found["marks"], cycle)[1])
            assert names == trace.mark_at(cycle).stack


def test_the_frames_in_which_paths_end_are_there(case):
    frames = {int(frame["physical"], 16) for frame in case.document["frames"]}
    for subject in case.document["subjects"]:
        for _, number in subject["walks"]:
            page = case.document["walks"][number]["page"]
            if page is not None:
                offset = int(subject["linear"], 16) % page["size"]
                assert int(page["physical"], 16) + offset in frames


def test_words_of_frames_are_those_of_memory(case):
    history = MemoryHistory(case.stage.traces)
    assert any(frame["words"] for frame in case.document["frames"])
    for frame in case.document["frames"]:
        for word in frame["words"]:
            for cycle in cycles(case, 50):
                values = [value for stored, value, *_ in word["values"] if stored < cycle]
                assert int(values[-1] if values else "0", 16) == history.read(
                    int(word["address"], 16), 8, cycle=cycle)


def test_stores_to_entries_make_the_entries_of_the_walks(case):
    found = case.document
    for subject in found["subjects"]:
        for cycle, number in subject["walks"]:
            for entry in found["walks"][number]["entries"]:
                stored = [after for stored, _, _, _, address, _, after, _ in found["stores"]
                          if address == entry["address"] and stored < cycle]
                assert int(stored[-1] if stored else "0", 16) == int(entry["entry"], 16)


def test_stops_are_in_order_and_name_what_happens_there(case):
    found = case.document
    stops = found["stops"]
    assert [stop[0] for stop in stops] == sorted(stop[0] for stop in stops)
    place = {
        "act":       lambda cpu, number: found["run"]["acts"][number]["since"],
        "claim":     lambda cpu, number: found["claims"][number]["cycle"],
        "access":    lambda cpu, number: found["traces"][cpu]["accesses"][number][0],
        "fault":     lambda cpu, number: found["traces"][cpu]["accesses"][number][1],
        "control":   lambda cpu, number: found["traces"][cpu]["controls"][number][0],
        "tlb":       lambda cpu, number: found["traces"][cpu]["tlb"][number][0],
        "table":     lambda cpu, number: found["stores"][number][0],
        "interrupt": lambda cpu, number: found["interrupts"][number][0],
    }
    for cycle, kind, cpu, number in stops:
        assert place[kind](cpu, number) == cycle
    faults = sum(len(trace.faults()) for trace in case.stage.traces)
    assert sum(kind == "fault" for _, kind, _, _ in stops) == faults > 0


def test_its_keys_are_on_the_page():
    text  = (Path(__file__).parents[2] / "docs" / "page-document.md").read_text(encoding="utf-8")
    names = documented(text)
    found = played("article").document
    # These are told elsewhere.
    short = found | {"run": {"key": 0}, "walks": [{"key": 0}]}
    rows  = {name.removesuffix("[]") for name in names}
    assert {name.removesuffix("[]") for name in paths(short, rows)} == rows
    assert re.search(r"\| `schema` \| (\d+)", text)[1] == str(SCHEMA) == str(found["schema"])


def test_it_is_json_and_numbers_are_exact_in_a_browser(case):
    def numbers(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            return max((numbers(each) for each in value), default=0)
        return value if isinstance(value, int) else 0

    found = json.loads(json.dumps(case.document))
    assert found == case.document
    assert numbers(found) < 1 << 53
