"""Beginnings of waveforms, and the contents of TLBs in them."""

from pathlib import Path

import pytest
from pywellen import Waveform

from hw.presets import PRESETS
from sim.record.saved import Bookmark
from sim.record.waveform import HELD, Framing, waveform
from sim.record.waves import Shown
from sim.scenario.scenario import load
from sim.scenarios import SCENARIOS
from tests.trace_support import Kept


CASE = load(Path(__file__).parents[1] / "scenario" / "scenario_cases.py")

SIGNALS = [Shown("group", "number", 8), Shown("group", "strobe", 1),
           Shown("group", "text", 1, str, when="strobe")]


def written(folder, rows, **framing):
    """Changes of the signals in a waveform of ``rows``, by their names."""
    with waveform(folder, Framing(**framing))(SIGNALS) as wave:
        for row in rows:
            wave.step(*row)
    return {variable.full_name.rpartition(".")[2]: [*variable.tv]
            for variable in Waveform(path=str(folder / "waves.vcd")).all_vars()}


def numbers(folder, rows, **framing):
    return written(folder, rows, **framing)["number"]


ROWS = [(cycle, cycle + 1) for cycle in range(10)]


def test_a_waveform_begins_where_it_is_told(tmp_path):
    assert numbers(tmp_path, ROWS, begins=lambda: 7) == [(7, 8), (8, 9), (9, 10)]


def test_the_cycle_may_become_known_later(tmp_path):
    begins = iter([None, None, None, 5, 5, 5])
    assert numbers(tmp_path, ROWS, begins=lambda: next(begins)) == [
        (5, 6), (6, 7), (7, 8), (8, 9), (9, 10)]


def test_a_cycle_without_a_change_has_the_values_of_the_one_before(tmp_path):
    assert numbers(tmp_path, [(0, 1), (3, 4), (9, 5)], begins=lambda: 6) == [(6, 4), (9, 5)]


@pytest.mark.parametrize("begins", [None, 1000])
def test_a_run_that_ends_before_has_its_last_changes(tmp_path, begins):
    assert numbers(tmp_path, ROWS, begins=lambda: begins) == [
        (cycle, number) for cycle, number in ROWS]


def test_no_more_is_kept_of_what_comes_before_than_can_be(tmp_path):
    rows  = [(cycle, cycle % 200 + 1) for cycle in range(HELD + 5)]
    found = numbers(tmp_path, rows, begins=lambda: None)
    assert (len(found), found[0]) == (HELD, (5, 6))


def test_a_signal_is_blank_without_its_strobe(tmp_path):
    assert written(tmp_path, [(0, 0x200), (1, 0x300), (2, 0x100), (3, 0)])["text"] == [
        (0, "-"), (1, "1"), (2, "0"), (3, "-")]


def test_markers_are_asked_for_when_all_is_over(tmp_path):
    found = []
    with waveform(tmp_path, Framing(bookmarks=lambda: found))(SIGNALS) as wave:
        wave.step(0, 1)
        found.append(Bookmark(0, (1, 1), True))
    assert "A1.1" in (tmp_path / "waves.gtkw").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("scenario, waves_from", [
    (CASE, 0), (CASE, None), (SCENARIOS["shootdown"], None),
])
def test_slots_hold_what_the_tlbs_do(tmp_path, scenario, waves_from):
    kept = Kept()
    run  = scenario.perform(engine="cxxrtl", era="5.x", waves=tmp_path, waves_from=waves_from,
                            exports=[kept])
    variables = {variable.full_name: dict(variable.tv) for variable
                 in Waveform(path=str(run.waves / "waves.vcd")).all_vars()}
    # It may begin some cycles before the act, while that waits for the machine to be quiet.
    first = run.acts[0].since if waves_from is None else waves_from
    begun = min(variables["machine.software.claim"])
    assert first - 20 < begun <= first
    for number, trace in enumerate(kept.traces):
        scope = f"machine.cpu{number}.tlb" if len(kept.traces) > 1 else "machine.tlb"
        slots = [variables[f"{scope}.entry_{slot}"]
                 for slot in range(PRESETS[run.preset].tlb_entries)]
        now: dict[int, str] = {}
        filled, changes, strobe = 0, variables[f"{scope}.change"], 0
        strobes = {change.cycle for change in trace.all_tlb_changes}
        for cycle in range(begun, run.cycles):
            strobe = changes.get(cycle, strobe)
            assert strobe == (cycle in strobes)
            now |= {slot: texts[cycle] for slot, texts in enumerate(slots) if cycle in texts}
            held = [text for text in now.values() if text != "-"]
            assert sorted(held) == sorted(in_words(entry) for entry in trace.tlb_at(cycle)
                                          if entry.level == 1)
            filled = max(filled, len(held))
        assert filled > 0


@pytest.mark.slow
def test_engines_begin_in_the_same_cycle(tmp_path):
    runs = [CASE.perform(engine=engine, era="5.x", waves=tmp_path / engine)
            for engine in ("pysim", "cxxrtl")]
    # Without the date.
    one, other = ((run.waves / "waves.vcd").read_text().partition("$timescale")[2] for run in runs)
    assert one == other


def in_words(entry):
    """A translation as a slot shows it."""
    kind  = f"r{'-w'[entry.writable]}{'x-'[entry.execute_disable]}"
    words = [f"{entry.linear:#x} > {entry.physical:#x} {kind} {'user' if entry.user else 'kernel'}"]
    words += ["D"] * entry.dirty + ["G"] * entry.global_page + ["piece"] * entry.large
    words += [f"PCID {entry.pcid:#x}"] * (entry.pcid != 0)
    return " ".join(words)
