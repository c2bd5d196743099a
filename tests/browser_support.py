"""Chromium for tests of pages: what they ask for and complain of, and nothing from the network."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import sync_playwright


__all__ = ["Visit", "launched", "served", "visit"]


#: Beginnings of the addresses that a page may ask for: of this machine, and of what it has itself.
HERE = ("http://127.0.0.1:", "file://", "data:", "blob:")


@dataclass
class Visit:
    """A tab of the browser.

    Attributes
    ----------
    page : :class:`playwright.sync_api.Page`
        To be driven by the test.
    errors : list of :class:`str`
        Errors on the console, each with the address that it is about, and exceptions that nothing
        caught.
    requests : list of :class:`str`
        Addresses that were asked for, in order.
    refused : list of :class:`str`
        Those of them that lead off this machine, which got no response.
    """

    page:     Any
    errors:   list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    refused:  list[str] = field(default_factory=list)


@contextmanager
def launched():
    """Chromium, without a window, for the body of the ``with`` statement."""
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("tests of pages need Chromium: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        # Its sandbox does not work for root, which a machine for tests often is.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser, **options):
    """A tab with a profile of its own, for the body of the ``with`` statement.

    ``options`` are those of a context, such as ``viewport={"width": 390, "height": 844}`` and
    ``color_scheme="dark"``.
    """
    # What a service worker asks for would be seen and refused by nobody.
    context = browser.new_context(**{"service_workers": "block"} | options)
    # Only a page that hangs takes so long (milliseconds), however busy the machine is.
    context.set_default_timeout(300_000)
    try:
        tab = Visit(context.new_page())
        tab.page.on("console", lambda said: _note(tab, said))
        tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
        context.route("**/*", lambda route: _decide(tab, route))
        yield tab
    finally:
        context.close()


def _note(tab, said):
    if said.type == "error":
        tab.errors.append(f"{said.text} ({said.location['url']})")


def _decide(tab, route):
    url = route.request.url
    tab.requests.append(url)
    if url.startswith(HERE):
        route.continue_()
    else:
        tab.refused.append(url)
        route.abort()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words):
        """Say nothing: a test looks at what the page says."""


@contextmanager
def served(folder: Path):
    """Serve a folder on the loopback address; the address of its root, without a slash."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        # Connections that the browser keeps open are not waited for.
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
