"""The waveform as it is drawn: zoomed and moved by keys and by mouse, in any width."""

import pytest
from browser_support import visit

from .reader_support import Reader


pytestmark = pytest.mark.slow


def test_the_waveform_is_zoomed_and_moved_by_keys(reader):
    reader.open("#cycle=7040&cpu=0")
    at_first = reader.drawing()
    for there, back in ("+", "-"), ("[", "]"):
        reader.press(there)
        moved = reader.drawing()
        assert moved != at_first
        reader.press(back)
        assert reader.drawing() == at_first
    reader.press("0")
    whole = reader.drawing()
    reader.press("-")
    assert whole == reader.drawing() != at_first
    assert reader.cycle == 7040


def test_the_mouse_zooms_moves_and_sets_the_cursor(reader):
    reader.open("#cycle=7040&cpu=0")
    canvas = reader.page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box    = canvas.bounding_box()
    x, y   = box["x"] + box["width"] / 2, box["y"] + 100
    mouse  = reader.page.mouse
    drawn  = [reader.drawing()]
    mouse.move(x, y)
    reader.page.keyboard.down("Control")
    mouse.wheel(0, -200)
    reader.page.keyboard.up("Control")
    drawn.append(reader.drawing())
    mouse.down()
    mouse.move(x - 150, y, steps=3)
    mouse.up()
    drawn.append(reader.drawing())
    assert len({*drawn}) == 3
    assert (reader.cycle, reader.fragment) == (7040, "#cycle=7040&cpu=0")
    mouse.click(x, y)
    # What was in the middle has gone to the left, so that the cursor is later now.
    assert reader.cycle > 7040
    assert reader.drawing() not in drawn


def test_a_group_is_unfolded_by_keyboard_and_has_a_row_for_each_signal(reader):
    reader.open("#claim=7.2")
    group = reader.page.locator(".wave-names [aria-expanded=false]:has-text('tlb')")
    group.scroll_into_view_if_needed()
    group.focus()
    before = reader.drawing(), reader.page.locator(".wave-names tbody tr").count()
    reader.press("Enter")
    names = reader.page.locator(".wave-names tbody:has-text('entry_0') tr:not(.group) th")
    assert "entry_0" in names.all_inner_texts() and "change" in names.all_inner_texts()
    assert (reader.page.locator(".wave-names tbody tr").count(), reader.tab.errors) == (
        before[1] + names.count(), [])
    reader.press("Enter")
    assert (reader.drawing(), reader.page.locator(".wave-names tbody tr").count()) == before


def test_in_another_width_the_waveform_shows_the_same_cycles(chromium, pages):
    def middle():
        """The cycle in the middle of the drawing, where a click sets the cursor."""
        canvas = reader.page.locator("canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        canvas.click(position={"x": box["width"] / 2, "y": 12})
        return reader.cycle

    with visit(chromium, viewport={"width": 1400, "height": 900}) as tab:
        reader = Reader(tab, pages / "article.html")
        reader.open("#claim=5.7")
        before = middle()
        for width in (390, 800, 1400):
            reader.page.set_viewport_size({"width": width, "height": 900})
            reader.page.wait_for_timeout(100)
            assert abs(middle() - before) <= 3, width
