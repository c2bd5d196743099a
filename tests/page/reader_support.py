"""A person who reads the page of a run."""

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from browser_support import Visit

from sim.page.reduced import MAXPHYADDR


__all__ = ["BITS", "Reader"]


#: Bits of an entry by their names in the explorer, and how often a random entry has them.
BITS = {"P": (0, 0.95), "R/W": (1, 0.8), "U/S": (2, 0.8), "reserved": (MAXPHYADDR, 0.03),
        "XD": (63, 0.15)}


@dataclass
class Reader:
    """A person with a page open.

    Attributes
    ----------
    tab : :class:`browser_support.Visit`
        The browser's tab.
    file : :class:`pathlib.Path`
        The page.
    """

    tab:  Visit
    file: Path

    @property
    def page(self):
        """The tab, to be driven."""
        return self.tab.page

    def open(self, fragment=""):
        """Open the page at a place, as a link from elsewhere does."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.file.as_uri()}{fragment}")
        self.page.wait_for_selector("h1")

    def follow(self, fragment):
        """Follow a link to a place, within the page."""
        with self.moving():
            self.page.evaluate("fragment => { location.hash = fragment; }", fragment)

    @contextmanager
    def moving(self):
        """Context of what leads to another place; at its end, that is drawn.

        A browser tells the page of its new fragment later than it has that.
        """
        self.page.evaluate("""() => { window.moved = new Promise(
            done => addEventListener("hashchange", done, { once: true })); }""")
        yield
        self.page.evaluate("() => window.moved")

    def show(self, document):
        """Hand the page a document, as one who makes it elsewhere does."""
        # As text: object by object it would take a minute.
        self.page.evaluate("text => dragoncage.show(JSON.parse(text))", json.dumps(document))

    def press(self, *keys):
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def cycle(self):
        """The cycle that is shown."""
        return int(re.search(r"[\d,]+", self.text("#lab-title"))[0].replace(",", ""))

    @property
    def fragment(self):
        """The place in the address of the page."""
        return self.page.evaluate("location.hash")

    def text(self, selector):
        """The text of an element, as it can be seen."""
        return self.page.inner_text(selector)

    def state(self):
        """All that is shown of the place, but for what changed since the place before."""
        self.page.evaluate("new Promise(requestAnimationFrame)")
        return self.page.evaluate("""() => {
            const copy = document.getElementById("lab").cloneNode(true);
            copy.querySelectorAll(".changes").forEach(each => each.remove());
            const shown = [copy, ...document.querySelectorAll(".wave-names, #bar")];
            return [...shown.map(each => each.textContent.replace(/\\s+/g, " ")), location.hash];
        }""")

    def drawing(self):
        """The waveform as it is painted."""
        self.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.page.evaluate("document.querySelector('canvas').toDataURL()")
