"""Marks in the drawings: of what changed since the place before, and of what is stale."""

from itertools import pairwise

import pytest
from browser_support import visit

from .page_support import at, played, tlb_at
from .reader_support import Reader


pytestmark = pytest.mark.slow


def test_what_changed_is_named(reader):
    states = played("article").document["traces"][0]["states"]
    [cycle, before], [later, after] = next(
        pair for pair in pairwise(states) if pair[0][1]["ac"] != pair[1][1]["ac"])
    reader.open(f"#cycle={cycle}&cpu=0")
    reader.follow(f"#cycle={later}&cpu=0")
    assert f"AC {before['ac']} \u2192 {after['ac']}" in " ".join(reader.text(".changes").split())
    assert f"Changed since cycle {cycle:,}" in reader.text(".changes")
    assert reader.page.locator(".registers .changed dt").all_inner_texts() == ["AC"]


def marked(reader, selector):
    """Texts of what is marked as changed."""
    return sorted(reader.page.locator(selector).all_inner_texts())


def entries_at(document, subject, cycle):
    """The entries of a walk, by their levels."""
    walk = document["walks"][at(document["subjects"][subject]["walks"], cycle)[1]]
    return {entry["level"]: entry["entry"] for entry in walk["entries"]}


def contents_at(document, cycle):
    """Translations of processor 0, by address and level, and whether each is stale."""
    entries = [document["tlb_entries"][number] for number in tlb_at(document, 0, cycle)]
    shown   = ("physical", "size", "rights", "dirty", "global", "large")
    return {(entry["linear"], entry["level"]):
            [*(entry[name] for name in shown),
             any(since <= cycle < until for since, until in entry["stale"])] for entry in entries}


def words_at(document, physical, cycle):
    """The words of a frame that are known, by their addresses."""
    frame, = (frame for frame in document["frames"] if frame["physical"] == physical)
    stored = {word["address"]: [value for value in word["values"] if value[0] < cycle]
              for word in frame["words"]}
    return {address: values[-1][1] for address, values in stored.items() if values}


def differing(before, after):
    """Names of what is there and was otherwise, or was not."""
    return [name for name, value in after.items() if before.get(name) != value]


def test_entries_translations_and_bytes_that_changed_are_marked(reader):
    document = played("article").document
    claim    = document["claims"][document["hero"]["done"]]
    subject  = claim["left"]
    linear   = document["subjects"][subject]["linear"]
    stored   = [cycle for cycle, _ in document["subjects"][subject]["walks"][1:]
                if entries_at(document, subject, cycle - 1) != entries_at(document, subject, cycle)]
    changed  = [change[0] + 1 for change in document["traces"][0]["tlb"]]
    turns    = {*stored[-4:], *changed[::16], claim["cycle"]}
    seen     = {"entries": 0, "translations": 0, "bytes": 0}
    reader.open()
    for after in sorted(turns):
        before = after - 1
        reader.follow(f"#cycle={before}&cpu=0&left={linear}")
        reader.follow(f"#cycle={after}&cpu=0&left={linear}")
        entries = differing(*(entries_at(document, subject, cycle) for cycle in (before, after)))
        assert marked(reader, "#lab .side.left .entry.changed .level") == sorted(entries)
        held = differing(*(contents_at(document, cycle) for cycle in (before, after)))
        assert marked(reader, ".tlb tr.changed th") == sorted(name for name, _ in held)
        words = [name for frame in reader.page.locator("#lab .frame").all()
                 for name in differing(*(
                     words_at(document, frame.get_attribute("aria-label").split()[1], cycle)
                     for cycle in (before, after)))]
        assert marked(reader, "#lab .frame tr.changed th") == sorted(words)
        for name, found in ("entries", entries), ("translations", held), ("bytes", words):
            seen[name] += len(found)
    assert all(seen.values()), seen


def test_a_stale_translation_is_marked_in_the_tlb(chromium, pages):
    document = played("shootdown").document
    turns    = {(cpu, cycle + step) for cpu, trace in enumerate(document["traces"])
                for number in {change[2] for change in trace["tlb"]} - {None}
                for interval in document["tlb_entries"][number]["stale"]
                for cycle in interval for step in (-1, 0) if cycle < document["run"]["cycles"]}
    stale = 0
    with visit(chromium) as tab:
        reader = Reader(tab, pages / "shootdown.html")
        reader.open()
        for cpu, cycle in sorted(turns):
            reader.follow(f"#cycle={cycle}&cpu={cpu}")
            held = [document["tlb_entries"][number] for number in tlb_at(document, cpu, cycle)]
            said = [entry["linear"] for entry in held
                    if any(since <= cycle < until for since, until in entry["stale"])]
            assert marked(reader, ".tlb tr.stale th") == sorted(said)
            assert marked(reader, ".tlb tr:has(td:has-text('stale')) th") == sorted(said)
            stale += len(said)
    assert stale
