"""docs/page.md tells the keys and the links of the page as they are."""

import re
from pathlib import Path


ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/page.md").read_text(encoding="utf-8")
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
    picture = (ROOT / "docs/page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) <= 200_000
