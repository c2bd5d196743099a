"""Signals in a document: the values that a waveform shows."""

from itertools import accumulate

import pytest

from sim.page.waves import waves
from sim.record.viewed import Viewed
from sim.record.waves import Shown
from tests.page.page_support import played, tlb_at


def values(found, number):
    """Cycles and values of a signal, out of a document."""
    flat   = found["changes"][number]
    shown  = flat[1::2]
    if found["signals"][number]["text"]:
        shown = [found["texts"][number][value] for value in shown]
    return list(zip(accumulate(flat[::2]), shown, strict=True))


def test_changes_alone_are_there_and_large_values_are_text():
    viewed  = Viewed()
    signals = [Shown("a", "bit", 1), Shown("a", "word", 64),
               Shown("b", "name", 2, "zyxw".__getitem__)]
    with viewed.opened(signals) as wave:
        for cycle, (bit, word, name) in enumerate([(0, 5, 0), (1, 5, 0), (1, 1 << 53, 3),
                                                   (1, (1 << 53) - 1, 0)], start=10):
            wave.step(cycle, bit | word << 1 | name << 65)
    found = waves(viewed, 2)
    assert [signal["name"] for signal in found["signals"]] == ["bit", "word", "name"]
    assert values(found, 0) == [(0, 0), (11, 1)]
    assert values(found, 1) == [(0, 0), (10, 5), (12, "0x20000000000000"), (13, (1 << 53) - 1)]
    assert values(found, 2) == [(0, "z"), (12, "w"), (13, "z")]
    assert found["texts"][2] == ["z", "w"]


def test_a_signal_names_the_one_that_says_when_it_means_something():
    viewed = Viewed()
    with viewed.opened([Shown("a", "request", 1), Shown("b", "request", 1),
                        Shown("b", "linear", 8, when="request")]):
        pass
    assert [signal["when"] for signal in waves(viewed, 2)["signals"]] == [None, None, 1]


@pytest.mark.slow
def test_the_signals_of_a_run_have_the_values_that_they_had():
    case  = played("shootdown")
    found = case.document["waves"]
    assert len(case.shown) > 50
    for cycle, expected in case.shown.items():
        for number, value in enumerate(expected):
            shown = [value for since, value in values(found, number) if since <= cycle][-1]
            assert shown == value if isinstance(value, str) else int(str(shown), 0) == value


@pytest.mark.slow
@pytest.mark.parametrize("name", ["article", "shootdown"])
def test_the_slots_of_a_tlb_show_what_it_holds(name):
    found = played(name).document
    waves = found["waves"]
    for cpu in range(found["cpus"]):
        group  = f"cpu{cpu}.tlb" if found["cpus"] > 1 else "tlb"
        slots  = [dict(values(waves, number)) for number, signal in enumerate(waves["signals"])
                  if signal["group"] == group and signal["name"].startswith("entry_")]
        cycles = sorted({cycle for slot in slots for cycle in slot})
        assert len(slots) == max(len(first_level(found, cpu, cycle)) for cycle in cycles) > 0
        texts  = [""] * len(slots)
        for cycle in cycles:
            texts = [slot.get(cycle, text) for slot, text in zip(slots, texts, strict=True)]
            # The document does not tell under which PCID a translation is held.
            assert sorted(text.partition(" PCID ")[0] for text in texts if text != "-") == sorted(
                map(in_words, first_level(found, cpu, cycle)))


def first_level(found, cpu, cycle):
    """Translations of the first level of a TLB, as a document has them."""
    held = (found["tlb_entries"][number] for number in tlb_at(found, cpu, cycle))
    return [entry for entry in held if entry["level"] == 1]


def in_words(entry):
    """A translation as a slot of a waveform has it."""
    return " ".join([f"{entry['linear']} > {entry['physical']}", entry["rights"],
                     *["D"] * entry["dirty"], *["G"] * entry["global"],
                     *["piece"] * entry["large"]])
