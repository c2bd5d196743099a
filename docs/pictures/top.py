"""The picture of the top of a page, and the words that were on it."""

import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

try:
    from playwright.sync_api import sync_playwright
except ModuleNotFoundError as error:
    raise SystemExit("docs.pictures: the browser is driven by Playwright: "
                     "pip install -e '.[test]'") from error


__all__ = ["picture", "words_in"]


#: Width of the window, and distance of the picture's edge from what is shown, in pixels.
WIDTH, MARGIN = 1200, 16

#: Begin of a PNG file, and the head of the chunk that has the words: uncompressed UTF-8.
SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD   = b"Description\0\0\0\0\0"


def picture(page: Path, file: Path) -> None:
    """Take a picture of a page from its top to the end of the two paths, with its words in it.

    Pixels are those of a browser and its fonts. By the words one sees whether a page would look
    otherwise.
    """
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("docs.pictures: there is no Chromium: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": 1200}, color_scheme="light")
        tab.goto(page.as_uri())
        paths = tab.locator("#hero").bounding_box()
        assert paths is not None, "the article has two paths"
        # The bar at the lower edge of the window would be in the way.
        tab.set_viewport_size({"width": WIDTH, "height": 2000})
        taken = tab.screenshot(clip={"x": 0, "y": 0, "width": WIDTH,
                                     "height": paths["y"] + paths["height"] + MARGIN})
        words = " ".join(f"{tab.inner_text('#summary')} {tab.inner_text('#hero')}".split())
        browser.close()
    *before, end = _chunks(taken)
    with file.open("wb") as to:
        to.write(SIGNATURE)
        for kind, content in *before, (b"iTXt", KEYWORD + words.encode()), end:
            to.write(struct.pack(">I", len(content)) + kind + content)
            to.write(struct.pack(">I", zlib.crc32(kind + content)))


def words_in(file: Path) -> str:
    """The words on a picture."""
    [words] = [content.removeprefix(KEYWORD) for kind, content in _chunks(file.read_bytes())
               if kind == b"iTXt"]
    return words.decode()


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and contents of the chunks of a PNG file. Ref: ISO/IEC 15948:2004, 5.3."""
    place = len(SIGNATURE)
    while place < len(png):
        [length] = struct.unpack_from(">I", png, place)
        yield png[place + 4:place + 8], png[place + 8:place + 8 + length]
        place += length + 12
