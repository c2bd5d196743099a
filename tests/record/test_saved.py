"""Views of a waveform: markers, and where to look first."""

import io
import re
from pathlib import Path

from sim.record.saved import Bookmark, marked, write_gtkwave, write_surfer
from sim.record.waves import Shown


SIGNALS = [Shown("software", "claim", 24, str), Shown("tlb", "page", 52), Shown("events", "hit", 1),
           Shown("tlb", "entry_0", 0, str)]


def bookmarks(*acts, failed=()):
    """Claims, ten cycles apart: of each act so many."""
    return [Bookmark(10 * (100 * act + number), (act, number), (act, number) not in failed)
            for act, count in enumerate(acts, 1) for number in range(1, count + 1)]


def gtkwave(found):
    file = io.StringIO()
    write_gtkwave(file, Path("waves.vcd"), Path("waves.gtkw"), SIGNALS, found)
    return file.getvalue()


def surfer(found):
    file = io.StringIO()
    write_surfer(file, SIGNALS, found)
    return file.getvalue().splitlines()


def test_each_act_has_markers_if_there_are_too_many_claims():
    found = marked(bookmarks(20, 3, 20))
    assert len(found) == 26
    assert [sum(mark.number[0] == act for mark in found) for act in (1, 2, 3)] == [12, 3, 11]
    assert [mark.cycle for mark in found] == sorted(mark.cycle for mark in found)


def test_claims_that_fail_have_markers_before_all_others():
    found = marked(bookmarks(40, failed={(1, 33), (1, 40)}))
    assert [mark.name for mark in found][-3:] == ["1.24", "1.33_FAILED", "1.40_FAILED"]


def test_gtkwave_has_a_named_marker_for_each_and_begins_at_the_first():
    text  = gtkwave(bookmarks(2, 1))
    found = re.search(r"^\*-4.0+ (.*)$", text, re.MULTILINE)[1].split()
    assert found == ["1010", "1010", "1020", "2010", *["-1"] * 23]
    assert re.findall(r"^\[markername\] (.*)$", text, re.MULTILINE) == ["A1.1", "B1.2", "C2.1"]
    assert "[timestart] 990\n" in text


def test_the_first_claim_that_fails_is_in_view():
    failed = bookmarks(2, 3, failed={(2, 2), (2, 3)})
    assert "[timestart] 2000\n" in gtkwave(failed)
    assert surfer(failed)[-2:] == ["zoom_to 2000 2120", "cursor_set 2020"]


def test_surfer_has_a_marker_for_each():
    lines = surfer(bookmarks(1, 1))
    assert lines[lines.index("cursor_set 1010"):] == [
        "cursor_set 1010", "marker_set #1", "cursor_set 2010", "marker_set #2", "zoom_fit",
        "zoom_to 990 1110", "cursor_set 1010"]


def test_without_claims_all_is_in_view():
    assert surfer([])[-1] == "zoom_fit"
    assert "[timestart] 0\n" in gtkwave([])
    assert "[markername]" not in gtkwave([])


def test_a_group_is_in_one_piece():
    assert surfer([])[:-1] == [
        "divider_add software", "variable_add machine.software.claim", "divider_add tlb",
        "variable_add machine.tlb.page", "variable_add machine.tlb.entry_0", "divider_add events",
        "variable_add machine.events.hit"]
