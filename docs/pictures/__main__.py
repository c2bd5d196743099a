"""Makes the picture of the page anew: ``python -m docs.pictures``.

It shows the top of the article's page as Chromium draws it: ``docs/page.png``.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from docs.pictures.top import picture
from sim.page.html import Page
from sim.scenarios import SCENARIOS


PICTURE = Path(__file__).parents[1] / "page.png"


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        written = Path(folder, "article.html")
        run = SCENARIOS["article"].perform(engine="cxxrtl", era="5.x", exports=[Page(written)])
        if not run.holds or run.unwritten:
            raise SystemExit("docs.pictures: the article's claims do not hold, or its page cannot "
                             "be written")
        picture(written, PICTURE)
