"""docs/page.md tells the keys and the links of the page as they are, and shows it."""

import re
from pathlib import Path

import pytest

from docs.pictures.top import picture, words_in
from sim.page.html import page_of
from tests.page.page_support import played


ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/page.md").read_text(encoding="utf-8")
PICTURE = ROOT / "docs/page.png"
KEYS = (ROOT / "sim/page/web/src/keys.ts").read_text(encoding="utf-8")


def test_the_keys_are_those_of_the_page():
    told = [(re.findall(r"<kbd>(.+?)</kbd>", keys), words) for keys, words in
            re.findall(r"^\| (<kbd>.+?) \| (.+?) \|$", PAGE, re.MULTILINE)]
    names = {"ArrowLeft": "←", "ArrowRight": "→"}
    made = [([names.get(key, f"Shift {key.lower()}" if re.fullmatch("[A-Z]", key) else key)
              for key in re.findall(r'"(.+?)"', keys)], words)
            for keys, words in re.findall(r'^    \[\[(.+?)\], "(.+?)", ', KEYS, re.MULTILINE)]
    assert told == made
    assert len(told) > 10


def test_the_picture_is_there_and_small():
    taken = PICTURE.read_bytes()
    assert taken.startswith(b"\x89PNG")
    assert len(taken) <= 200_000


@pytest.mark.slow
def test_the_picture_shows_the_page_of_the_article_as_it_is(tmp_path):
    page, taken = tmp_path / "article.html", tmp_path / "page.png"
    page.write_text(page_of(played("article").document), encoding="utf-8")
    picture(page, taken)
    assert "All 53 claims hold." in words_in(taken)
    # Who changes what is on the picture takes it anew: python -m docs.pictures
    assert words_in(PICTURE) == words_in(taken)
