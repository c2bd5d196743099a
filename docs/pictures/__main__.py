"""Makes the picture of the page anew: ``python -m docs.pictures``.

It shows the top of the article's page as Chromium draws it: ``docs/page.png``.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

try:
    from playwright.sync_api import sync_playwright
except ModuleNotFoundError as error:
    raise SystemExit("docs.pictures: the browser is driven by Playwright: "
                     "pip install -e '.[test]'") from error

from sim.page.html import Page
from sim.scenarios import SCENARIOS


PICTURE = Path(__file__).parents[1] / "page.png"

#: Width of the window, and distance of the picture's edge from what is shown, in pixels.
WIDTH, MARGIN = 1200, 16


def picture(page: Path, file: Path) -> None:
    """Take a picture of a page from its top to the end of the two paths."""
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
        tab.screenshot(path=file, clip={"x": 0, "y": 0, "width": WIDTH,
                                        "height": paths["y"] + paths["height"] + MARGIN})
        browser.close()


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        written = Path(folder, "article.html")
        run = SCENARIOS["article"].perform(engine="cxxrtl", era="5.x", exports=[Page(written)])
        if not run.holds or run.unwritten:
            raise SystemExit("docs.pictures: the article's claims do not hold, or its page cannot "
                             "be written")
        picture(written, PICTURE)
