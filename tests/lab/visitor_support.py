"""A person who visits the lab."""

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass

from browser_support import Visit, served, visit


__all__ = ["WAYS", "Visitor", "visitor"]


#: Ways to the lab: from a web server, and as a file of the disk.
WAYS = ("served", "opened")

#: Keeps what the workers tell, as the page hears it, and how many there have been.
LISTEN = """
    window.heard = [];
    window.workers = 0;
    window.hears = kinds => new Promise(done => {
        const look = () => heard.some(({ kind }) => kinds.includes(kind)) ? done()
            : setTimeout(look, 10);
        look();
    });
    window.Worker = class extends Worker {
        constructor(address) {
            super(address);
            window.workers++;
            this.addEventListener("message", ({ data }) => heard.push(data));
        }
    };
"""


@dataclass
class Visitor:
    """A person with the lab open.

    Attributes
    ----------
    tab : :class:`browser_support.Visit`
        The browser's tab.
    address : :class:`str`
        Where the lab is.
    """

    tab:     Visit
    address: str

    @property
    def page(self):
        """The tab, to be driven."""
        return self.tab.page

    def open(self, fragment=""):
        """Open the lab by a link with a ``fragment``, or else at the scenarios."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}{fragment}")
        self.page.wait_for_selector(".run")
        if not fragment:
            self.page.click("#tab-scenario")

    def wait(self, stage="ready"):
        """Wait until the lab is so far."""
        self.page.wait_for_selector(f"html[data-stage={stage}]")

    def choose(self, label, name):
        """Choose from a list."""
        of = self.page.locator("#controls label", has_text=re.compile(rf"^\s*{label}\s"))
        of.locator("select").select_option(name)

    def change(self, before, after):
        """Change the text of the scenario in one place."""
        text = self.page.input_value("textarea")
        assert text.count(before) == 1
        self.page.fill("textarea", text.replace(before, after))

    def run(self):
        """Press Run, once that can be pressed."""
        self.wait()
        self.page.evaluate("heard.length = 0")
        self.page.click(".run")

    def hears(self, *kinds):
        """Wait until the page has heard a message of one of these kinds."""
        self.page.evaluate("kinds => hears(kinds)", list(kinds))

    def played(self):
        """Wait for the end of a run; all messages that were heard of it."""
        self.hears("over", "broken")
        return json.loads(self.page.evaluate("JSON.stringify(heard)"))

    def status(self):
        """The lab's words on how it goes."""
        return self.page.inner_text("#controls .status")


@contextmanager
def visitor(browser, lab, way, **options):
    """Someone who comes by one of the :data:`WAYS`; at the end, nothing was asked for elsewhere."""
    with (served(lab / "folder") as root,
          visit(browser, **{"viewport": {"width": 1400, "height": 900}} | options) as tab):
        tab.page.add_init_script(LISTEN)
        found = Visitor(tab, f"{root}/index.html" if way == "served" else
                        (lab / "lab.html").as_uri())
        yield found
        assert tab.errors == []
        assert tab.refused == []
